"""Rules of the house for deploy/, beyond what linters and schemas know. Run by scripts/check-deploy.

* The compose file is what the Compose specification allows; nothing is published but on loopback, every service has a health
  check and limits, a node's root is read-only and runs as nobody, no secret stands in the file.
* Every manifest is in the kustomization and labelled. A pod runs as nobody on a read-only root without capabilities, has all
  probes, requests and limits. A disruption budget, an autoscaler on p99 and lag and a network policy both ways select it.
* Every figure the autoscaler reads is made by a rule of the adapter, from a series the program has.
* The image runs as nobody, has a health check, stops on SIGTERM and carries both labels of the open agent interface.
"""
import base64
import json
import pathlib
import re
import sys

import yaml
from compose_spec import PyOptions

DEPLOY = pathlib.Path(__file__).resolve().parent.parent / "deploy"
METRICS = DEPLOY.parent / "crates" / "insight" / "src" / "metrics"
problems = []


def need(holds, text):
    if not holds:
        problems.append(text)


def load(name):
    with open(DEPLOY / name, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def check_compose():
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    options = PyOptions(apply_merge=True)
    compose = options.from_yaml(text)
    for check in (compose.validate, compose.validate_networks, compose.validate_volumes):
        check()
    services = load("compose.yaml")[0]["services"]
    nodes = [name for name in services if name.startswith("node")]
    need(len(nodes) >= 2 and {"postgres", "kafka"} <= set(services), "compose: two nodes, PostgreSQL and Kafka")
    numbers = [services[name]["environment"]["MOTET_DECISION__NODE"] for name in nodes]
    need(len(set(numbers)) == len(numbers), f"compose: nodes share a number: {numbers}")
    for name, service in services.items():
        need("healthcheck" in service, f"compose: {name} has no health check")
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        need({"cpus", "memory"} <= set(limits), f"compose: {name} has no limits")
        need(":latest" not in service["image"], f"compose: {name} has no version")
        for port in service.get("ports", []):
            need(str(port).startswith("127.0.0.1:"), f"compose: {name} publishes {port} beyond loopback")
        for key, value in service.get("environment", {}).items():
            secret = re.search("PASSWORD|TOKEN|SECRET", key) or "://" in str(value) and "@" in str(value)
            # A broker's listener map is no secret; a URL with a user in it holds one.
            if secret and "KAFKA" not in key:
                need("${" in str(value), f"compose: {name} has {key} written out")
    for name in nodes:
        service = services[name]
        for key, value in {"read_only": True, "user": "10001:10001", "cap_drop": ["ALL"]}.items():
            need(service.get(key) == value, f"compose: {name}.{key} must be {value}")


def check_pod(name, pod):
    security = pod.get("securityContext", {})
    need(security.get("runAsNonRoot") is True and security.get("runAsUser", 0) > 0, f"{name}: runs as root")
    need(security.get("seccompProfile", {}).get("type") == "RuntimeDefault", f"{name}: no seccomp profile")
    need(pod.get("automountServiceAccountToken") is False, f"{name}: mounts a token it does not need")
    need(pod.get("terminationGracePeriodSeconds", 0) > 15, f"{name}: no time to stop in")
    for container in pod["containers"]:
        place = f"{name}/{container['name']}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            need(container.get(probe, {}).get("httpGet", {}).get("path", "").startswith("/health/"), f"{place}: {probe}")
        for kind in ("requests", "limits"):
            need({"cpu", "memory"} <= set(container.get("resources", {}).get(kind, {})), f"{place}: no {kind}")
        own = container.get("securityContext", {})
        need(own.get("readOnlyRootFilesystem") is True, f"{place}: root is writable")
        need(own.get("allowPrivilegeEscalation") is False, f"{place}: may gain privileges")
        need(own.get("capabilities", {}).get("drop") == ["ALL"], f"{place}: keeps capabilities")
        need(re.search(r":\d", container["image"]) is not None, f"{place}: image has no version")


def check_kubernetes():
    listed = load("kubernetes/kustomization.yaml")[0]["resources"]
    there = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    loose = there - set(listed) - {"kustomization.yaml", "adapter-rules.yaml"}
    need(not loose, f"kustomization: {sorted(loose)} are not listed")
    resources = [document for name in listed for document in load(f"kubernetes/{name}")]
    kinds = {}
    for resource in resources:
        kinds.setdefault(resource["kind"], []).append(resource)
        label = resource["metadata"].get("labels", {}).get("app.kubernetes.io/part-of")
        need(label == "motet", f"{resource['kind']} {resource['metadata']['name']}: no label")
    need("Secret" not in kinds, "a secret stands in the manifests")
    nodes = kinds["StatefulSet"][0]
    labels = nodes["spec"]["template"]["metadata"]["labels"]
    check_pod("motet", nodes["spec"]["template"]["spec"])
    need(nodes["spec"]["replicas"] >= 2, "motet: one node is none")

    def selects(selector):
        return all(labels.get(key) == value for key, value in selector.items())

    for kind, selector in {
        "PodDisruptionBudget": lambda r: r["spec"]["selector"]["matchLabels"],
        "NetworkPolicy": lambda r: r["spec"]["podSelector"]["matchLabels"],
        "Service": lambda r: r["spec"]["selector"],
    }.items():
        for resource in kinds.get(kind, [{}]):
            need(resource and selects(selector(resource)), f"{kind}: none selects the pods")
    policy = kinds["NetworkPolicy"][0]["spec"]
    need(set(policy["policyTypes"]) == {"Ingress", "Egress"}, "NetworkPolicy: one way is open")
    need(all(rule.get("from") for rule in policy["ingress"]), "NetworkPolicy: anyone may reach the pods")
    need(all(rule.get("to") for rule in policy["egress"]), "NetworkPolicy: the pods may reach anyone")
    scaler = kinds["HorizontalPodAutoscaler"][0]["spec"]
    need(scaler["scaleTargetRef"]["name"] == nodes["metadata"]["name"], "autoscaler: another target")
    need(scaler["minReplicas"] >= 2, "autoscaler: down to one node")
    registered = "".join(path.read_text(encoding="utf-8") for path in METRICS.rglob("*.rs"))
    for rule in load("kubernetes/adapter-rules.yaml")[0]["rules"]["custom"]:
        series = re.match(r"\w+", rule["seriesQuery"])[0]
        known = f'"{re.sub("_(bucket|total)$", "", series)}"' in registered
        need(known, f"adapter: the program has no series {series}")
    read = {metric["pods"]["metric"]["name"] for metric in scaler["metrics"]}
    made = {rule["name"]["as"] for rule in load("kubernetes/adapter-rules.yaml")[0]["rules"]["custom"]}
    need(read == made, f"autoscaler reads {sorted(read)}, the adapter makes {sorted(made)}")
    need(any("p99" in name for name in read) and any("lag" in name for name in read), "autoscaler: p99 and lag")


def check_image():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    final = text[text.rindex("\nFROM ") :]
    need(re.search(r"^USER (?!0|root)\d+:\d+$", final, re.M) is not None, "Containerfile: runs as root")
    for line in ("HEALTHCHECK", "STOPSIGNAL SIGTERM", "ENTRYPOINT [", 'VOLUME ["/data"]'):
        need(f"\n{line}" in final, f"Containerfile: no {line}")
    need(not re.search(r"FROM \S+:latest|FROM [^\s:]+\s", text), "Containerfile: a base has no version")
    manifest = json.loads((DEPLOY / "artf-manifest.json").read_text(encoding="utf-8"))
    found = re.search(r'com\.iabtechlab\.artf\.descriptor="([^"]+)"', final)
    need(found is not None, "Containerfile: no descriptor label")
    need('agent-manifest="' in final, "Containerfile: no agent-manifest label")
    if found:
        need(json.loads(base64.b64decode(found[1])) == manifest, "Containerfile: the descriptor is another manifest")


for check in (check_compose, check_kubernetes, check_image):
    try:
        check()
    except Exception as error:  # noqa: BLE001  the checkers raise many kinds
        problems.append(f"{check.__name__}: {error!r}")
for problem in problems:
    print(problem)
print("deploy: all good" if not problems else f"deploy: {len(problems)} problem(s)")
sys.exit(1 if problems else 0)
