"""The AsyncAPI document as a page: streams, messages, headers, fields, examples. No script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from schemas.times import DAY_MS

Document = Mapping[str, Any]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>geowire: the contract</title>
<link rel="stylesheet" href="/static/base.css">
<link rel="stylesheet" href="/static/contract.css">
</head>
<body>
<header>
<h1>The contract</h1>
<p>{description}</p>
<p>geowire {version} · AsyncAPI {asyncapi} · <a href="/contract.json">the document</a> · <a href="/">the console</a></p>
<nav aria-label="Streams"><ul>{contents}</ul></nav>
</header>
<main>
{channels}
<section id="types"><h2>Types</h2>
{types}
</section>
</main>
</body>
</html>
"""


def page(document: Document) -> str:
    """Return the page."""
    channels = document["channels"]
    return _PAGE.format(
        description=_prose(document["info"]["description"]),
        version=escape(document["info"]["version"]),
        asyncapi=escape(document["asyncapi"]),
        contents="".join(f'<li><a href="#{name}">{escape(one["address"])}</a></li>' for name, one in channels.items()),
        channels="\n".join(_channel(document, name) for name in channels),
        types="\n".join(_type(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _channel(document: Document, name: str) -> str:
    channel, message = document["channels"][name], document["components"]["messages"][name]
    kafka = channel["bindings"]["kafka"]
    config = kafka["topicConfiguration"]
    kept = "by key" if config["cleanup.policy"] == ["compact"] else _days(config.get("retention.ms", -1))
    facts = (
        ("Key", message["bindings"]["kafka"]["key"]["description"]),
        ("Partitions", f"{kafka['partitions']} by default"),
        ("Kept", kept),
        ("Largest record", f"{config['max.message.bytes'] // 1024 // 1024} MiB"),
        ("Value", message.get("contentType", document["defaultContentType"])),
    )
    parts = [
        f'<section id="{name}"><h2>{escape(channel["address"])}</h2><p>{_prose(channel["summary"])}</p><dl>',
        *(f"<div><dt>{escape(term)}</dt><dd>{escape(said)}</dd></div>" for term, said in facts),
        "</dl>",
    ]
    if "headers" in message:
        parts.append(_fields("Headers", message["headers"]))
    if "payload" in message:
        parts.append(f"<p>Value: {_reference(message['payload'])}</p>")
        example = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
        parts.append(f"<details><summary>Example</summary><pre><code>{escape(example)}</code></pre></details>")
    return "".join((*parts, "</section>"))


def _type(name: str, schema: Mapping[str, Any]) -> str:
    said = f"<p>{_prose(schema['description'])}</p>" if "description" in schema else ""
    return f'<section id="type-{name}"><h3>{escape(name)}</h3>{said}{_fields("Field", schema)}</section>'


def _fields(head: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code>{'' if name in required or head == 'Headers' else ' ?'}</th>"
        f"<td>{_kind(field)}</td><td>{_prose(_said(field))}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    return (
        f"<div class=wide tabindex=0><table><thead><tr><th scope=col>{head}</th><th scope=col>Type</th>"
        f"<th scope=col>Meaning</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _kind(schema: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(_kinds(schema)))


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        yield _reference(schema)
    elif "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from _kinds(branch)
    elif "enum" in schema:
        yield ", ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    elif "const" in schema:
        yield f"<code>{escape(str(schema['const']))}</code>"
    elif schema.get("type") == "array":
        yield f"list of {_kind(schema.get('items', {}))}"
    else:
        yield escape(str(schema.get("type", "any")))


def _said(schema: Mapping[str, Any]) -> str:
    found = schema.get("description") or next(
        (branch["description"] for branch in schema.get("anyOf", ()) if "description" in branch), ""
    )
    return str(found)


def _reference(schema: Mapping[str, Any]) -> str:
    name = escape(str(schema["$ref"]).rpartition("/")[2])
    return f'<a href="#type-{name}">{name}</a>'


def _prose(text: str) -> str:
    """Return text with what stands between backticks as code."""
    parts = escape(text.replace("``", "`")).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _days(milliseconds: int) -> str:
    return "until it is deleted" if milliseconds < 0 else f"{milliseconds // DAY_MS} days by default"
