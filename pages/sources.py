"""Sources: where does each number come from, and may I reuse it?"""

import streamlit as st

from analysis import tables
from analysis.export.data_file import all_tables
from pages.components import controls, head
from pages.components.markdown import plain


@st.fragment
def one_table() -> None:
    """One table with its description and the corrections made to it."""
    names = [name for name in tables.names() if name not in ("sources", "corrections", "scaling_resamples")]
    name = controls.choice("table", "Table", names, "models_training")
    try:
        frame_of_rows, meanings, changed = tables.load(name), tables.describe(name), tables.corrections(name)
    except tables.TableError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    st.caption(tables.describe_table(name)["about"])
    st.dataframe(frame_of_rows, hide_index=True, width="stretch", height=360)
    if len(changed):
        st.markdown(
            f"{len(changed)} declared correction, applied above:"
            if len(changed) == 1
            else f"{len(changed)} declared corrections, applied above:"
        )
        st.dataframe(changed, hide_index=True, width="stretch")
    with st.expander("What the columns mean"):
        st.dataframe(meanings, hide_index=True, width="stretch")


def one_work(asked: str) -> None:
    """The work that a link names."""
    works = tables.load("sources").set_index("id")
    if asked not in works.index:
        st.warning("The work of this link is not among the sources.", icon=":material/link_off:")
        return
    work = works.loc[asked]
    address = f"[{plain(work['url'])}]({work['url']})" if str(work["url"]).startswith("http") else plain(work["url"])
    st.info(
        f"**{plain(work['title'])}**, {plain(work['authors'])} {work['year']}. {address} (licence: {plain(work['licence'])})",
        icon=":material/format_quote:",
    )


if __name__ == "__main__":
    head.begin(
        "sources",
        "Each value comes from a table that names the work, the place in it, and how well the transcription was checked.",
    )

    if asked := st.session_state.get("arrived", {}).get("work") or st.query_params.get("work"):
        one_work(asked)
    st.header("Works cited", anchor=False)
    st.dataframe(
        tables.load("sources").drop(columns="id"),
        hide_index=True,
        width="stretch",
        height=420,
        column_config={"url": st.column_config.LinkColumn("url"), "year": st.column_config.NumberColumn("year", format="%d")},
    )

    st.header("Tables", anchor=False)
    st.download_button(
        "Download all tables",
        all_tables,
        "ten_papers_tables.zip",
        "application/zip",
        icon=":material/download:",
        help="A ZIP file: every table as CSV, what its columns mean, and the works with their licences.",
        on_click="ignore",
    )
    one_table()
