using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit.Scheduling;

/// <summary>A Pod for scheduling tests; snippets are JSON.</summary>
public sealed record PodSketch(string Name)
{
    public string Namespace { get; init; } = "default";

    public string? Uid { get; init; }

    /// <summary>Requests of the one container: <c>cpu=1,memory=1Gi</c>.</summary>
    public string Requests { get; init; } = "";

    public int HostPort { get; init; }

    public int Priority { get; init; }

    public string NodeName { get; init; } = "";

    public string SchedulerName { get; init; } = "default-scheduler";

    /// <summary>More members of the spec, for example <c>"nodeSelector":{"a":"b"}</c>.</summary>
    public string Spec { get; init; } = "";

    /// <summary>More members of the metadata.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>The status; an empty one when not given.</summary>
    public string Status { get; init; } = "{}";

    public ResourceObject Build(long revision = 1)
    {
        var uid = Uid ?? $"uid-{Namespace}-{Name}";
        var ports = HostPort == 0 ? "" : $$""","ports":[{"containerPort":80,"hostPort":{{HostPort}}}]""";
        var nodeName = NodeName.Length == 0 ? "" : $",\"nodeName\":\"{NodeName}\"";
        var json =
            $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{Name}}}","namespace":"{{{Namespace}}}","uid":"{{{uid}}}",
            "resourceVersion":"{{{revision}}}","generation":1{{{SchedulingObjects.Prefixed(Metadata)}}}},
            "spec":{"schedulerName":"{{{SchedulerName}}}","priority":{{{Priority}}}{{{nodeName}}},"containers":[{"name":"c","image":"i",
            "resources":{"requests":{{{SchedulingObjects.Amounts(Requests)}}}}{{{ports}}}}]{{{SchedulingObjects.Prefixed(Spec)}}}},
            "status":{{{Status}}}}
            """;
        return SchedulingObjects.Object(new ObjectKey(Namespace, Name), uid, revision, json);
    }
}

/// <summary>A Node for scheduling tests; snippets are JSON.</summary>
public sealed record NodeSketch(string Name)
{
    public string Allocatable { get; init; } = "cpu=4,memory=8Gi,ephemeral-storage=100Gi,pods=110";

    /// <summary><c>key=value:effect</c>, comma-separated.</summary>
    public string Taints { get; init; } = "";

    /// <summary><c>key=value</c>, comma-separated.</summary>
    public string Labels { get; init; } = "";

    public bool Unschedulable { get; init; }

    /// <summary>More members of the status.</summary>
    public string Status { get; init; } = "";

    public ResourceObject Build(long revision = 1)
    {
        var taints = new JsonArray();
        foreach (var taint in Taints.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = taint.Split('=', ':');
            taints.Add(new JsonObject { ["key"] = parts[0], ["value"] = parts[1], ["effect"] = parts[2] });
        }

        var json =
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{Name}}}","uid":"node-{{{Name}}}","resourceVersion":"{{{revision}}}",
            "labels":{{{SchedulingObjects.Amounts(Labels)}}}},"spec":{"taints":{{{taints.ToJsonString()}}},
            "unschedulable":{{{(Unschedulable ? "true" : "false")}}}},
            "status":{"allocatable":{{{SchedulingObjects.Amounts(Allocatable)}}}{{{SchedulingObjects.Prefixed(Status)}}}}}
            """;
        return SchedulingObjects.Object(new ObjectKey("", Name), $"node-{Name}", revision, json);
    }
}

/// <summary>Makes committed objects out of JSON.</summary>
public static class SchedulingObjects
{
    public static ResourceObject Object(ObjectKey key, string uid, long revision, string json) =>
        new(key, uid, revision, Encoding.UTF8.GetBytes(json));

    internal static string Prefixed(string members) => members.Length == 0 ? "" : "," + members;

    /// <summary><c>a=1,b=2</c> as a JSON object of strings.</summary>
    internal static string Amounts(string text)
    {
        var result = new JsonObject();
        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            result[pair[..equals]] = pair[(equals + 1)..];
        }

        return result.ToJsonString();
    }

    /// <summary>For names of numbered objects.</summary>
    public static string Numbered(string prefix, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{number}");
}
