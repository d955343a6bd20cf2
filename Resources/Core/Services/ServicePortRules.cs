using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>Validation of a Service's ports.</summary>
internal static class ServicePortRules
{
    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];
    private static readonly FieldPath Ports = FieldPath.Of("spec", "ports");

    public static void Validate(V1ServiceSpec spec, FieldErrors errors)
    {
        var ports = spec.Ports ?? [];
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < ports.Count; i++)
        {
            ValidatePort(ports[i], ports.Count > 1, names, Ports.Index(i), errors);
        }
    }

    /// <summary>Node ports where there are none, and pairs of protocol and port that occur twice.</summary>
    public static void ValidateUniqueness(V1ServiceSpec spec, FieldErrors errors)
    {
        var ports = spec.Ports ?? [];
        for (var i = 0; i < ports.Count && spec.Type == ServiceKinds.ClusterIP; i++)
        {
            if (ports[i].NodePort is not (null or 0))
            {
                errors.Forbidden(Ports.Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'");
            }
        }

        var nodePorts = new HashSet<(string, int)>();
        for (var i = 0; i < ports.Count; i++)
        {
            if (ports[i].NodePort is { } number and not 0 && !nodePorts.Add((ports[i].Protocol ?? "", number)))
            {
                errors.Duplicate(Ports.Index(i).Child("nodePort"), number);
            }
        }

        var pairs = new HashSet<(string, int)>();
        for (var i = 0; i < ports.Count; i++)
        {
            if (!pairs.Add((ports[i].Protocol ?? "", ports[i].Port)))
            {
                errors.Duplicate(Ports.Index(i), KeyJson(ports[i]));
            }
        }
    }

    private static void ValidatePort(
        V1ServicePort port, bool requireName, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(port.Name))
        {
            errors.InvalidEach(path.Child("name"), port.Name, NameRules.DnsLabel(port.Name));
            if (!names.Add(port.Name))
            {
                errors.Duplicate(path.Child("name"), port.Name);
            }
        }
        else if (requireName)
        {
            errors.Required(path.Child("name"));
        }

        errors.InvalidEach(path.Child("port"), port.Port, NameRules.PortNumber(port.Port));
        if (string.IsNullOrEmpty(port.Protocol))
        {
            errors.Required(path.Child("protocol"));
        }
        else if (!Protocols.Contains(port.Protocol))
        {
            errors.NotSupported(path.Child("protocol"), port.Protocol, Protocols);
        }

        PortOrText.ValidatePort(port.TargetPort, path.Child("targetPort"), errors);
        if (port.AppProtocol is { } application)
        {
            errors.InvalidEach(path.Child("appProtocol"), application, NameRules.QualifiedName(application));
        }
    }

    /// <summary>Upstream reports its internal look-up key: everything but protocol and port is empty.</summary>
    private static RawJson KeyJson(V1ServicePort port) => new(
        $"{{\"Name\":\"\",\"Protocol\":{GoText.Json(port.Protocol ?? "")},\"AppProtocol\":null,\"Port\":{port.Port}," +
        "\"TargetPort\":0,\"NodePort\":0}");
}
