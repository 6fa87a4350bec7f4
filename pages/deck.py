"""Slide deck: which figures go on my slides?"""

from pages.components import deck_editor, head

if __name__ == "__main__":
    head.begin(
        "deck",
        "Press “Add to deck” under any figure, arrange the slides here, and take them away as PowerPoint, pictures or a report, sources and all.",
    )
    deck_editor.show()
