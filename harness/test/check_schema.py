"""Checks documents against a JSON Schema. Usage: check_schema.py SCHEMA.json PATH... (JSON or YAML; folders are walked)

A validator of the keywords that our schemas use, so that no package is needed for it; an unknown keyword is an error.
"""
import json
import pathlib
import re
import sys

import yaml

KNOWN = {"$schema", "$id", "title", "description", "default", "$defs", "$ref", "type", "enum", "const", "properties", "required",
         "additionalProperties", "propertyNames", "items", "minItems", "uniqueItems", "minLength", "maxLength", "pattern",
         "minimum", "maximum", "minProperties", "oneOf"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def errors(schema, value, root, where):
    unknown = set(schema) - KNOWN
    if unknown:
        yield f"{where}: the schema uses {', '.join(sorted(unknown))}, which this checker does not know"
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        yield from errors(target, value, root, where)
    if "const" in schema and value != schema["const"]:
        yield f"{where}: expected {schema['const']!r}, not {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    types = schema.get("type")
    if types:
        types = types if isinstance(types, list) else [types]
        fits = any(isinstance(value, TYPES[t]) and not (t in ("integer", "number") and isinstance(value, bool)) for t in types)
        if not fits:
            yield f"{where}: expected {' or '.join(types)}, not {type(value).__name__}"
            return
    if "oneOf" in schema and sum(not list(errors(s, value, root, where)) for s in schema["oneOf"]) != 1:
        yield f"{where}: does not fit exactly one of the alternatives"
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}: no '{key}'"
        if len(value) < schema.get("minProperties", 0):
            yield f"{where}: too few entries"
        for key, inner in value.items():
            if "propertyNames" in schema:
                yield from errors(schema["propertyNames"], key, root, f"{where}/{key}")
            if key in schema.get("properties", {}):
                yield from errors(schema["properties"][key], inner, root, f"{where}/{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{where}: unknown key '{key}'"
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from errors(schema["additionalProperties"], inner, root, f"{where}/{key}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where}: too few items"
        if schema.get("uniqueItems") and len({json.dumps(v) for v in value}) != len(value):
            yield f"{where}: an item stands there twice"
        for i, inner in enumerate(value):
            if "items" in schema:
                yield from errors(schema["items"], inner, root, f"{where}/{i}")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not fit {schema['pattern']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{where}: length {len(value)} is out of bounds"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{where}: {value} is out of bounds"


class Loader(yaml.SafeLoader):
    """Dates stay text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith("timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
count, bad = 0, []
for argument in sys.argv[2:]:
    path = pathlib.Path(argument)
    for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
        document = json.loads(file.read_text()) if file.suffix == ".json" else yaml.load(file.read_text(), Loader)
        count += 1
        bad += [f"{file}{line}" for line in errors(schema, document, schema, "")]
print("\n".join(bad[:50]) or f"{count} document{'s' if count != 1 else ''} fit {sys.argv[1]}")
sys.exit(1 if bad or count == 0 else 0)
