"""Plotly's script, the one of the Python package, which also draws the exported files."""

from importlib.resources import files

from streamlit.components.v1 import declare_component

SCRIPT = "plotly.min.js"
# Has Streamlit serve the folder in which the script lies. Nothing of it is ever called as a component.
SERVED = declare_component("plotly", path=str(files("plotly") / "package_data"))

# A JavaScript function for our components: the script, loaded once for all charts of a browser tab.
LOAD = """
function plotly(address) {
  return window.plotlyScript ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL(address, document.baseURI).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { window.plotlyScript = undefined; script.remove(); reject(new Error(address)); };
    document.head.append(script);
  });
}
"""


def address() -> str:
    """Where the script is served, from the address of a page.

    >>> address()
    'component/pages.components.plotly_script.plotly/plotly.min.js'
    """
    return f"component/{SERVED.name}/{SCRIPT}"
