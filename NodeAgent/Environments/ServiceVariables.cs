using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>
/// The variables by which containers of old find services: <c>WEB_SERVICE_HOST</c>, <c>WEB_PORT_80_TCP</c> ….
/// </summary>
public static class ServiceVariables
{
    private const string MasterService = "kubernetes";

    /// <summary>Services of the pod's namespace, if it wants links, and always the API's own service.</summary>
    public static Dictionary<string, string> Compute(
        IEnumerable<V1Service> services, string podNamespace, bool enableServiceLinks)
    {
        var byName = new SortedDictionary<string, V1Service>(StringComparer.Ordinal);
        foreach (var service in services.Where(HasClusterIp))
        {
            var isMaster = service.Metadata.NamespaceProperty == "default" && service.Metadata.Name == MasterService;
            var isLocal = service.Metadata.NamespaceProperty == podNamespace;
            if ((isMaster && !byName.ContainsKey(MasterService)) || (isLocal && enableServiceLinks))
            {
                byName[service.Metadata.Name] = service;
            }
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var service in byName.Values)
        {
            Add(variables, service);
        }

        return variables;
    }

    private static bool HasClusterIp(V1Service service) => service.Spec?.ClusterIP is not (null or "" or "None");

    private static void Add(Dictionary<string, string> variables, V1Service service)
    {
        var prefix = VariableName(service.Metadata.Name);
        var ip = service.Spec.ClusterIP;
        variables[$"{prefix}_SERVICE_HOST"] = ip;
        var ports = service.Spec.Ports ?? [];
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            var number = port.Port.ToString(CultureInfo.InvariantCulture);
            var protocol = port.Protocol ?? "TCP";
            var url = $"{protocol.ToLowerInvariant()}://{Bracketed(ip)}:{number}";
            if (i == 0)
            {
                variables[$"{prefix}_SERVICE_PORT"] = number;
                variables[$"{prefix}_PORT"] = url;
            }

            if (!string.IsNullOrEmpty(port.Name))
            {
                variables[$"{prefix}_SERVICE_PORT_{VariableName(port.Name)}"] = number;
            }

            var link = $"{prefix}_PORT_{number}_{protocol.ToUpperInvariant()}";
            variables[link] = url;
            variables[$"{link}_PROTO"] = protocol.ToLowerInvariant();
            variables[$"{link}_PORT"] = number;
            variables[$"{link}_ADDR"] = ip;
        }
    }

    private static string Bracketed(string ip) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;

    private static string VariableName(string name) => name.ToUpperInvariant().Replace('-', '_').Replace('.', '_');
}
