"""Office documents, made here part by part so that their bytes are real and every part can be spoiled."""

import io
import zipfile
from collections.abc import Mapping

Parts = Mapping[str, str | bytes]
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_EXTENDED = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_VALUES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_DUBLIN = "http://purl.org/dc/elements/1.1/"
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"
TYPE = "application/vnd.openxmlformats-officedocument"
OPEN_TYPE = "application/vnd.oasis.opendocument"
SUFFIXES = ("docx", "pptx", "odt", "odp")


def document(suffix: str, *texts: str, title: str = "", language: str = "", licence: str = "") -> bytes:
    """A document of this kind: a paragraph or a slide for each text."""
    return zipped(parts(suffix, *texts, title=title, language=language, licence=licence))


def parts(suffix: str, *texts: str, title: str = "", language: str = "", licence: str = "") -> dict[str, str | bytes]:
    """The parts of such a document by their names."""
    if suffix in {"odt", "odp"}:
        return _open_document(suffix, texts, title, language, licence)
    made = _word(texts) if suffix == "docx" else _slides(texts)
    about = {
        "docProps/core.xml": f'<p:coreProperties xmlns:p="{_CORE}" xmlns:dc="{_DUBLIN}"><dc:title>{title}</dc:title>'
        f"<dc:creator>Nobody Asked</dc:creator><dc:language>{language}</dc:language></p:coreProperties>",
        "docProps/app.xml": f'<Properties xmlns="{_EXTENDED}"><Pages>3</Pages></Properties>',
        "docProps/custom.xml": f'<Properties xmlns="{_CUSTOM}" xmlns:vt="{_VALUES}"><property name="License">'
        f"<vt:lpwstr>{licence}</vt:lpwstr></property></Properties>",
    }
    return {**made, **about}


def zipped(made: Parts, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The parts as an archive; a part called ``mimetype`` stands first and uncompressed, as OpenDocument has it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in made.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else compression
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return packed.getvalue()


def content_types(**overrides: str) -> str:
    """``[Content_Types].xml``; names of parts have ``__`` for a slash."""
    listed = "".join(
        f'<Override PartName="/{name.replace("__", "/")}.xml" ContentType="{kind}"/>'
        for name, kind in overrides.items()
    )
    return f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'


def _word(texts: tuple[str, ...]) -> dict[str, str]:
    body = "".join(f"<w:p><w:pPr><w:tabs/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>" for text in texts)
    unseen = "<w:p><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
    return {
        "[Content_Types].xml": content_types(
            word__document=f"{TYPE}.wordprocessingml.document.main+xml",
            word__footnotes=f"{TYPE}.wordprocessingml.footnotes+xml",
            word__comments=f"{TYPE}.wordprocessingml.comments+xml",
        ),
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}{unseen}</w:body></w:document>',
        "word/footnotes.xml": f'<w:footnotes xmlns:w="{_WORD}"><w:p><w:t>A footnote</w:t></w:p></w:footnotes>',
        "word/comments.xml": f'<w:comments xmlns:w="{_WORD}"><w:p><w:r><w:t>A remark</w:t></w:r></w:p></w:comments>',
    }


def _slides(texts: tuple[str, ...]) -> dict[str, str]:
    kinds = {f"ppt__slides__slide{number}": f"{TYPE}.presentationml.slide+xml" for number in range(1, len(texts) + 1)}
    slides = {
        f"ppt/slides/slide{number}.xml": f'<p:sld xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}"><a:p><a:r><a:t>{text}</a:t>'
        "</a:r></a:p></p:sld>"
        for number, text in enumerate(texts, 1)
    }
    main = {"ppt__presentation": f"{TYPE}.presentationml.presentation.main+xml"}
    return {
        "[Content_Types].xml": content_types(**main, **kinds),
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{_SLIDES}"/>',
        **slides,
    }


def _open_document(
    suffix: str, texts: tuple[str, ...], title: str, language: str, licence: str
) -> dict[str, str | bytes]:
    kind = "text" if suffix == "odt" else "presentation"
    spaces = " ".join(
        f'xmlns:{name}="{_OPEN}:{name}:1.0"' for name in ("office", "text", "meta", "drawing", "manifest")
    )
    shown = [
        f"<text:p>{text}<office:annotation><text:p>A remark</text:p></office:annotation></text:p>" for text in texts
    ]
    body = "".join(shown if suffix == "odt" else [f"<drawing:page>{one}</drawing:page>" for one in shown])
    return {
        "mimetype": f"{OPEN_TYPE}.{kind}",
        "META-INF/manifest.xml": f"<manifest:manifest {spaces}/>",
        "meta.xml": f'<office:document-meta {spaces} xmlns:dc="{_DUBLIN}"><office:meta><dc:title>{title}</dc:title>'
        f"<dc:language>{language}</dc:language><dc:creator>Nobody Asked</dc:creator>"
        f'<meta:user-defined meta:name="License">{licence}</meta:user-defined>'
        '<meta:document-statistic meta:page-count="3"/></office:meta></office:document-meta>',
        "content.xml": f"<office:document-content {spaces}><office:body>{body}</office:body></office:document-content>",
    }
