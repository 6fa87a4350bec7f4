"""Slide deck: which figures go on my slides?"""

from pages.components import deck_editor, head

if __name__ == "__main__":
    head.begin(
        "deck",
        "Press “Add to deck” under any figure, arrange the slides here, and take them away as PowerPoint, pictures or a report. Every slide brings its "
        "sources; your note, the whole caption, the settings and the link that restores the figure are in its notes.",
    )
    deck_editor.show()
