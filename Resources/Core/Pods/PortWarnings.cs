using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Warnings about ports that clash or cannot work.</summary>
internal static class PortWarnings
{
    /// <summary>
    /// Ports of one number that others are compared with, and texts that are made of it. Headers hold some forty texts:
    /// all pairs of thousands of ports would be work for nobody.
    /// </summary>
    private const int MaxCompared = 256;

    public static void Add(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        var seen = new Dictionary<(int Port, string Protocol), List<(V1ContainerPort Port, FieldPath Path)>>();
        foreach (var container in PodContainers.All(spec, path))
        {
            for (var i = 0; i < (container.Ports?.Count ?? 0); i++)
            {
                var port = container.Ports![i];
                var at = container.Path.Child("ports").Index(i);
                if (!string.IsNullOrEmpty(port.HostIP) && port.HostPort is null or 0)
                {
                    WarnHostIP(port, at, texts);
                }

                if (!seen.TryGetValue((port.ContainerPort, port.Protocol ?? ""), out var others))
                {
                    seen[(port.ContainerPort, port.Protocol ?? "")] = others = [];
                }

                if (texts.Count < MaxCompared)
                {
                    Compare(port, at, others, texts);
                }

                if (others.Count < MaxCompared)
                {
                    others.Add((port, at));
                }
            }
        }

        Names(spec, path, texts);
    }

    private static void Names(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        var firsts = new Dictionary<string, FieldPath>(StringComparer.Ordinal);
        foreach (var container in PodContainers.All(spec, path))
        {
            for (var i = 0; i < (container.Ports?.Count ?? 0) && texts.Count < MaxCompared; i++)
            {
                var name = container.Ports![i].Name;
                if (string.IsNullOrEmpty(name))
                {
                    continue;
                }

                var at = container.Path.Child("ports").Index(i);
                if (!firsts.TryAdd(name, at))
                {
                    var first = firsts[name];
                    texts.Add(
                        $"{at}: duplicate port name {GoText.Quote(name)} with {first}, services and probes that select " +
                        $"ports by name will use {first}");
                }
            }
        }
    }

    private static void WarnHostIP(V1ContainerPort port, FieldPath path, List<string> texts)
    {
        if (!string.IsNullOrEmpty(port.HostIP))
        {
            texts.Add(
                $"{path}: hostIP set without hostPort: {{Name:{port.Name} HostPort:0 ContainerPort:{port.ContainerPort} " +
                $"Protocol:{port.Protocol} HostIP:{port.HostIP}}}");
        }
    }

    private static void Compare(
        V1ContainerPort port, FieldPath path, List<(V1ContainerPort Port, FieldPath Path)> others, List<string> texts)
    {
        foreach (var (other, otherPath) in others)
        {
            var (hostPort, otherHostPort) = (port.HostPort ?? 0, other.HostPort ?? 0);
            var (hostIP, otherHostIP) = (port.HostIP ?? "", other.HostIP ?? "");
            if (hostPort == otherHostPort && hostIP == otherHostIP)
            {
                texts.Add($"{path}: duplicate port definition with {otherPath}");
            }
            else if (hostPort == 0 || otherHostPort == 0)
            {
                texts.Add($"{path}: overlapping port definition with {otherPath}");
            }
            else if (hostPort == otherHostPort && (hostIP.Length == 0 || otherHostIP.Length == 0))
            {
                texts.Add($"{path}: dangerously ambiguous port definition with {otherPath}");
            }
        }
    }
}
