#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/policy.md against the code: every rule, requirement and test that it names exists, and none is missing. TAP."""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RULE_FILES = ("policy_intent.c", "policy_tech.c", "rules_cpu.c", "rules_device.c", "rules_secure.c")
STORIES = {"policy": "src/policy/test-policy.c", "cpu-expand": "src/cpumodel/test-cpu-expand.c",
           "integration": "tests/integration/test_policy.py"}
problems = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def rules():
    """{code: set of requirements}, from the rows."""
    found = {}
    for name in RULE_FILES:
        text = read("src/policy/" + name)
        parts = re.split(r'"(WARD-[A-Z0-9-]+)"', text)
        for code, row in zip(parts[1::2], parts[2::2]):
            lists = re.findall(r'"(R\d+(?: R\d+)*)"', row)
            if lists:                   # the first after a code is its own; a comparison with a code has none before the next
                found.setdefault(code, set()).update(lists[0].split())
    return found


def titles(path):
    if path.endswith(".py"):
        return set(re.findall(r"^def test_(\w+)", read(path), re.M))
    return set(re.findall(r'\{\s*"([^"]+)",\s*test_', read(path)))


def case_codes():
    found = {}
    base = os.path.join(ROOT, "tests/data/verdicts")
    for name in sorted(os.listdir(base)):
        with open(os.path.join(base, name, "findings.json"), encoding="utf-8") as file:
            found[name] = {finding["code"] for finding in json.load(file)["findings"]}
    return found


def table(text, first_cell):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if re.match(first_cell, line)]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def check_test(where, name, stories, cases):
    kind, _, rest = name.partition("/" if name.startswith("verdicts/") else ": ")
    if kind == "verdicts":
        if rest not in cases:
            problems.append(f"{where}: no case tests/data/verdicts/{rest}")
    elif kind not in stories:
        problems.append(f"{where}: what is a test '{name}'?")
    elif rest not in stories[kind]:
        problems.append(f"{where}: {STORIES[kind]} has no test '{rest}'")


def check_requirements(text, known, stories, cases):
    listed = {}
    for number, _, codes, tests in table(text, r"\| R\d+ \|"):
        listed[number] = set(quoted(codes))
        for code in quoted(codes):
            if code not in known:
                problems.append(f"{number}: no rule {code}")
        if not quoted(tests):
            problems.append(f"{number}: no test")
        for name in quoted(tests):
            check_test(number, name, stories, cases)
    for code, requirements in sorted(known.items()):
        for number in sorted(requirements):
            if code not in listed.get(number, ()):
                problems.append(f"{code} claims {number}, and the table does not say so")


def check_rules(text, known, cases):
    listed = {}
    for code, requirements, names in table(text, r"\| `WARD-"):
        code = code.strip("`")
        listed[code] = set(requirements.split())
        if code not in known:
            problems.append(f"{code} is listed, and no such rule exists")
        for name in quoted(names):
            case = name.partition("/")[2]
            if code not in cases.get(case, ()):
                problems.append(f"{code}: case {case} does not find it")
    for code, requirements in sorted(known.items()):
        if listed.get(code) != requirements:
            problems.append(f"{code}: listed with {sorted(listed.get(code, ()))}, the row says {sorted(requirements)}")
        if not any(code in found for found in cases.values()):
            problems.append(f"{code}: no verdict case finds it")


def main():
    text, known, cases = read("docs/policy.md"), rules(), case_codes()
    stories = {kind: titles(path) for kind, path in STORIES.items()}
    check_requirements(text, known, stories, cases)
    check_rules(text, known, cases)
    print("1..1")
    for problem in problems:
        print("# " + problem)
    print(("not " if problems else "") + f"ok 1 - {len(known)} rules, {len(cases)} cases are as docs/policy.md says")
    return 1 if problems else 0


sys.exit(main())
