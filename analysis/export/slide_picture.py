"""A picture on a slide in two formats: SVG, which PowerPoint shows and turns into shapes on request, and PNG for programs that cannot."""

import io

from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn

SVG_TYPE = "image/svg+xml"
EXTENSION = (
    '<a:extLst {a}><a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}">'
    '<asvg:svgBlip xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" {r} r:embed="{id}"/></a:ext></a:extLst>'
)
"""What a picture (a:blip) holds beside its PNG; the name of the extension is Microsoft's."""


def add_picture(slide, svg: bytes, png: bytes, left: int, top: int, width: int, height: int):
    """Place a picture on a slide of python-pptx, which knows no SVG, at a place in EMU; returns the shape."""
    shape = slide.shapes.add_picture(io.BytesIO(png), left, top, width, height)
    package = slide.part.package
    part = Part(package.next_image_partname("svg"), SVG_TYPE, package, svg)
    related = slide.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
    blip = shape._element.find(qn("p:blipFill")).find(qn("a:blip"))
    blip.append(parse_xml(EXTENSION.format(a=nsdecls("a"), r=nsdecls("r"), id=related)))
    return shape
