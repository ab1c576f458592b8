# SPDX-License-Identifier: Apache-2.0
"""What /v1/openapi.json serves is OpenAPI 3.1, and the reference page knows the same paths."""
import json
import re
import unittest

import harness

TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
METHODS = {"get", "post", "patch", "delete"}


class Document:
    """The parts of OpenAPI 3.1 and JSON Schema 2020-12 that this document uses; others are refused."""

    def __init__(self, text):
        self.root = json.loads(text, object_pairs_hook=self.once)

    @staticmethod
    def once(pairs):
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    def resolve(self, node):
        while "$ref" in node:
            assert set(node) == {"$ref"}, node
            target = self.root
            assert node["$ref"].startswith("#/")
            for part in node["$ref"][2:].split("/"):
                target = target[part]
            node = target
        return node

    def schema(self, node):
        node = self.resolve(node)
        known = {"type", "properties", "required", "additionalProperties", "items", "format", "minimum", "anyOf"}
        assert set(node) <= known, node
        if "anyOf" in node:
            for one in node["anyOf"]:
                self.schema(one)
            return
        kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
        assert kinds and set(kinds) <= TYPES and len(set(kinds)) == len(kinds), node
        assert node.get("format") in (None, "date-time")
        if "object" in kinds and "properties" in node:
            assert set(node["required"]) <= set(node["properties"]), node
            for one in node["properties"].values():
                self.schema(one)
        if "items" in node:
            assert "array" in kinds
            self.schema(node["items"])
        if isinstance(node.get("additionalProperties"), dict):
            self.schema(node["additionalProperties"])

    def content(self, node):
        for kind, media in node.items():
            assert re.fullmatch(r"[a-z]+/[a-z+]+", kind), kind
            assert set(media) == {"schema"}
            self.schema(media["schema"])

    def parameter(self, node, path):
        node = self.resolve(node)
        assert node["in"] in ("query", "path") and node["description"]
        if node["in"] == "path":
            assert node["required"] is True and "{%s}" % node["name"] in path
        self.schema(node["schema"])
        return node["in"], node["name"]

    def operation(self, node, path):
        assert re.fullmatch("[a-z_]+", node["operationId"]) and node["summary"]
        given = [self.parameter(one, path) for one in node["parameters"]]
        assert len(set(given)) == len(given)
        assert {name for place, name in given if place == "path"} == set(re.findall(r"{(\w+)}", path))
        if "requestBody" in node:
            assert node["requestBody"]["required"] is True
            self.content(node["requestBody"]["content"])
        assert any(status.startswith("2") for status in node["responses"])
        for status, answer in node["responses"].items():
            assert re.fullmatch("[2-5][0-9][0-9]", status) and answer["description"]
            assert ("content" in answer) == (status != "204"), (path, status)
            self.content(answer.get("content", {}))
        schemes = self.root["components"]["securitySchemes"]
        for need in node.get("security", self.root["security"]):
            assert set(need) <= set(schemes)
        return node["operationId"]

    def check(self):
        assert self.root["openapi"].startswith("3.1.")
        assert self.root["info"]["title"] and self.root["info"]["version"]
        names = []
        for path, item in self.root["paths"].items():
            assert path.startswith("/") and set(item) <= METHODS, item
            names += [self.operation(node, path) for node in item.values()]
        assert len(set(names)) == len(names) > 20
        for node in self.root["components"]["schemas"].values():
            self.schema(node)


class OpenApi(harness.Case):
    def test_the_description_is_well_formed_and_complete(self):
        self.maskline.start()
        status, text = self.maskline.get("/v1/openapi.json", with_token=True)
        self.assertEqual(status, 200)
        document = Document(text)
        document.check()
        self.assertEqual(self.maskline.get("/v1/openapi.json")[0], 401)

        page = (harness.ROOT / "docs/reference/rest.md").read_text()
        rows = re.findall(r"^\| ([A-Z, ]+) \| `(/[^`]*)` \|", page, re.M)
        written = {(method, path) for methods, path in rows for method in methods.split(", ")}
        served = {(method.upper(), path) for path, item in document.root["paths"].items() for method in item}
        self.assertEqual(written, served)
        self.finish()

    def test_the_check_finds_what_is_wrong(self):
        self.maskline.start()
        text = self.maskline.get("/v1/openapi.json", with_token=True)[1]
        self.finish()
        for good, bad in (('"#/components/schemas/Trunk"', '"#/components/schemas/Tronk"'),
                          ('"operationId":"list_trunks"', '"operationId":"list_numbers"'),
                          ('"type":"integer"', '"type":"int"'),
                          ('"required":true', '"required":false'),
                          ('"in":"path"', '"in":"cookie"')):
            with self.subTest(bad=bad):
                self.assertIn(good, text)
                with self.assertRaises((AssertionError, KeyError)):
                    Document(text.replace(good, bad)).check()


if __name__ == "__main__":
    unittest.main()
