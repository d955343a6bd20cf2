using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of Services and what belongs to them.</summary>
internal static class NetworkStates
{
    public static StateTable Services { get; } = new(WellKnown.Services, "service", HasUid: true,
    [
        Gauge("kube_service_info", "[STABLE] Information about service.", static (item, to) =>
        {
            var spec = item["spec"];
            to.Add(
                1, ("cluster_ip", spec["clusterIP"]), ("external_name", spec["externalName"]),
                ("external_traffic_policy", spec["externalTrafficPolicy"]),
                ("load_balancer_ip", spec["loadBalancerIP"]));
        }),
        Created("kube_service"),
        Gauge("kube_service_spec_type", "[STABLE] Type about service.", static (item, to) =>
            to.Add(1, ("type", item["spec"]["type"]))),
        Gauge("kube_service_spec_external_ip", "[STABLE] Service external ips. One series for each ip",
            static (item, to) =>
            {
                foreach (var ip in item["spec"]["externalIPs"].Items)
                {
                    to.Add(1, ("external_ip", ip));
                }
            }),
        Gauge("kube_service_status_load_balancer_ingress", "[STABLE] Service load balancer ingress status",
            static (item, to) =>
            {
                foreach (var ingress in item["status"]["loadBalancer"]["ingress"].Items)
                {
                    to.Add(1, ("ip", ingress["ip"]), ("hostname", ingress["hostname"]));
                }
            }),
        Gauge("kube_service_ports", "Metric providing details about the ports exposed by services.",
            static (item, to) =>
            {
                foreach (var port in item["spec"]["ports"].Items)
                {
                    to.Add(
                        1, ("port_name", port["name"]), ("port_protocol", port["protocol"]),
                        ("port_number", port["port"]), ("port_target", port["targetPort"]),
                        ("port_app_protocol", port["appProtocol"]), ("port_node_number", port["nodePort"]));
                }
            }),
    ]);

    public static StateTable Endpoints { get; } = new(WellKnown.Endpoints, "endpoint", HasUid: false,
    [
        Gauge("kube_endpoint_info", "[STABLE] Information about endpoint.", static (_, to) => to.Add(1)),
        Created("kube_endpoint"),
        Gauge("kube_endpoint_ports", "[STABLE] Information about the Endpoint ports.", static (item, to) =>
        {
            foreach (var subset in item["subsets"].Items)
            {
                foreach (var port in subset["ports"].Items)
                {
                    to.Add(
                        1, ("port_name", port["name"]), ("port_protocol", port["protocol"]),
                        ("port_number", port["port"]));
                }
            }
        }),
        Gauge("kube_endpoint_address", "[STABLE] Information about Endpoint available and non available addresses.",
            static (item, to) =>
            {
                foreach (var subset in item["subsets"].Items)
                {
                    Addresses(subset["addresses"], "true", to);
                    Addresses(subset["notReadyAddresses"], "false", to);
                }
            }),
    ]);

    public static StateTable EndpointSlices { get; } = new(WellKnown.EndpointSlices, "endpointslice", HasUid: false,
    [
        Gauge("kube_endpointslice_info", "Information about endpointslice.", static (item, to) =>
            to.Add(1, ("addresstype", item["addressType"]))),
        Created("kube_endpointslice"),
        Gauge("kube_endpointslice_endpoints", "Endpoints attached to the endpointslice.", Endpoint),
        Gauge("kube_endpointslice_endpoints_hints", "Topology routing hints attached to endpoints", Hints),
        Gauge("kube_endpointslice_ports", "Ports attached to the endpointslice.", static (item, to) =>
        {
            foreach (var port in item["ports"].Items)
            {
                to.Add(
                    1, ("port_name", port["name"]), ("port_protocol", port["protocol"]),
                    ("port_number", port["port"]));
            }
        }),
    ]);

    public static StateTable IngressClasses { get; } = new(WellKnown.IngressClasses, "ingressclass", HasUid: false,
    [
        Gauge("kube_ingressclass_info", "Information about ingressclass.", static (item, to) =>
            to.Add(1, ("controller", item["spec"]["controller"]))),
        Created("kube_ingressclass"),
    ]);

    public static StateTable Ingresses { get; } = new(WellKnown.Ingresses, "ingress", HasUid: false,
    [
        Gauge("kube_ingress_info", "[STABLE] Information about ingress.", static (item, to) =>
        {
            var name = item["spec"]["ingressClassName"];
            to.Add(1, ("ingressclass", name.Exists ? name : (LabelValue)"_default"));
        }),
        Created("kube_ingress"),
        Version("kube_ingress"),
        Gauge("kube_ingress_path", "[STABLE] Ingress host, paths and backend service information.", Paths),
        Gauge("kube_ingress_tls", "[STABLE] Ingress TLS host and secret information.", static (item, to) =>
        {
            foreach (var tls in item["spec"]["tls"].Items)
            {
                foreach (var host in tls["hosts"].Items)
                {
                    to.Add(1, ("tls_host", host), ("secret", tls["secretName"]));
                }
            }
        }),
    ]);

    public static StateTable Policies { get; } = new(WellKnown.NetworkPolicies, "networkpolicy", HasUid: false,
    [
        Created("kube_networkpolicy"),
        Value("kube_networkpolicy_spec_ingress_rules", "Number of ingress rules on the networkpolicy",
            static p => p["spec"]["ingress"].Count),
        Value("kube_networkpolicy_spec_egress_rules", "Number of egress rules on the networkpolicy",
            static p => p["spec"]["egress"].Count),
    ]);

    private static void Addresses(StateField addresses, string ready, StateSeries to)
    {
        foreach (var address in addresses.Items)
        {
            to.Add(1, ("ip", address["ip"]), ("ready", ready));
        }
    }

    private static void Endpoint(StateField slice, StateSeries to)
    {
        foreach (var endpoint in slice["endpoints"].Items)
        {
            var (conditions, target) = (endpoint["conditions"], endpoint["targetRef"]);
            foreach (var address in endpoint["addresses"].Items)
            {
                to.Add(
                    1, ("address", address), ("ready", conditions["ready"]), ("serving", conditions["serving"]),
                    ("terminating", conditions["terminating"]), ("hostname", endpoint["hostname"]),
                    ("targetref_kind", target["kind"]), ("targetref_name", target["name"]),
                    ("targetref_namespace", target["namespace"]), ("endpoint_nodename", endpoint["nodeName"]),
                    ("endpoint_zone", endpoint["zone"]));
            }
        }
    }

    // All addresses of an endpoint stand for the same, so that upstream names the first.
    private static void Hints(StateField slice, StateSeries to)
    {
        foreach (var endpoint in slice["endpoints"].Items)
        {
            foreach (var zone in endpoint["hints"]["forZones"].Items)
            {
                to.Add(1, ("address", endpoint["addresses"].Items.FirstOrDefault()), ("for_zone", zone["name"]));
            }
        }
    }

    private static void Paths(StateField ingress, StateSeries to)
    {
        foreach (var rule in ingress["spec"]["rules"].Items)
        {
            foreach (var path in rule["http"]["paths"].Items)
            {
                var (service, resource) = (path["backend"]["service"], path["backend"]["resource"]);
                (string, LabelValue)[] place =
                    [("host", rule["host"]), ("path", path["path"]), ("path_type", path["pathType"])];
                if (resource.Exists)
                {
                    to.Add(
                        1, [.. place, ("resource_api_group", resource["apiGroup"]), ("resource_kind", resource["kind"]),
                            ("resource_name", resource["name"])]);
                    continue;
                }

                var port = service["port"];
                to.Add(
                    1, [.. place, ("service_name", service["name"]),
                        ("service_port", port["name"].Exists ? port["name"] : port["number"])]);
            }
        }
    }
}
