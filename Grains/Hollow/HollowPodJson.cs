using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>Pods with the status that a kubelet would give them.</summary>
internal static class HollowPodJson
{
    private static readonly FrozenSet<string> Own = FrozenSet.Create(
        StringComparer.Ordinal,
        "phase", "observedGeneration", "conditions", "hostIP", "hostIPs", "podIP", "podIPs", "startTime",
        "initContainerStatuses", "containerStatuses");

    private static readonly FrozenSet<string> OwnConditions = FrozenSet.Create(
        StringComparer.Ordinal, "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady");

    /// <summary>Everything started at once; init containers ran through, sidecars run.</summary>
    public static ReadOnlyMemory<byte> Running(HollowPod pod, JsonElement root) => Write(pod, root, exitCode: null);

    /// <summary>All containers ended.</summary>
    public static ReadOnlyMemory<byte> Finished(HollowPod pod, JsonElement root, int exitCode, DateTimeOffset now) =>
        Write(pod, root, exitCode, now);

    private static ReadOnlyMemory<byte> Write(
        HollowPod pod, JsonElement root, int? exitCode, DateTimeOffset end = default)
    {
        var buffer = new ArrayBufferWriter<byte>(pod.Object.Json.Length + 1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        foreach (var property in root.EnumerateObject())
        {
            if (!property.NameEquals("status"u8))
            {
                property.WriteTo(json);
            }
        }

        json.WritePropertyName("status"u8);
        WriteStatus(json, pod, root, exitCode, end);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteStatus(
        Utf8JsonWriter json, HollowPod pod, JsonElement root, int? exitCode, DateTimeOffset end)
    {
        var spec = root.GetProperty("spec");
        var status = root.TryGetProperty("status", out var found) ? found : default;
        var generation = pod.Object.Metadata.Generation;
        json.WriteStartObject();
        json.WriteString("phase"u8, exitCode switch { null => "Running", 0 => "Succeeded", _ => "Failed" });
        json.WriteNumber("observedGeneration"u8, generation);
        WriteConditions(json, pod, status, exitCode, exitCode is null ? pod.StartedAt : end, generation);
        WriteAddresses(json, pod);
        json.WriteString("startTime"u8, pod.StartedAt.ToApiText());
        WriteContainers(json, "initContainerStatuses", spec, "initContainers", pod, exitCode, end);
        WriteContainers(json, "containerStatuses", spec, "containers", pod, exitCode, end);
        KeepOthers(json, status);
        json.WriteEndObject();
    }

    /// <summary>What is the server's or the scheduler's to say.</summary>
    private static void KeepOthers(Utf8JsonWriter json, JsonElement status)
    {
        if (status.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in status.EnumerateObject())
        {
            if (!Own.Contains(property.Name))
            {
                property.WriteTo(json);
            }
        }
    }

    private static void WriteConditions(
        Utf8JsonWriter json, HollowPod pod, JsonElement status, int? exitCode, DateTimeOffset at, long generation)
    {
        var isOver = exitCode is not null;
        var reason = exitCode switch { null => null, 0 => "PodCompleted", _ => "PodFailed" };
        json.WriteStartArray("conditions"u8);
        Condition("PodReadyToStartContainers", !isOver, null);
        Condition("Initialized", true, exitCode == 0 ? reason : null);
        Condition("Ready", !isOver, reason);
        Condition("ContainersReady", !isOver, reason);
        if (status.ValueKind == JsonValueKind.Object && status.TryGetProperty("conditions", out var known))
        {
            foreach (var other in known.EnumerateArray())
            {
                if (!OwnConditions.Contains(other.GetProperty("type").GetString()!))
                {
                    other.WriteTo(json);
                }
            }
        }

        json.WriteEndArray();

        void Condition(string type, bool isTrue, string? why)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString("status"u8, isTrue ? "True" : "False");
            json.WriteNull("lastProbeTime"u8);
            json.WriteString("lastTransitionTime"u8, (isTrue ? pod.StartedAt : at).ToApiText());
            if (why is not null)
            {
                json.WriteString("reason"u8, why);
            }

            json.WriteNumber("observedGeneration"u8, generation);
            json.WriteEndObject();
        }
    }

    private static void WriteAddresses(Utf8JsonWriter json, HollowPod pod)
    {
        json.WriteString("hostIP"u8, pod.Node.Address);
        WriteList("hostIPs", pod.Node.Address);
        if (pod.Address is { } address)
        {
            json.WriteString("podIP"u8, address);
            WriteList("podIPs", address);
        }

        void WriteList(string name, string ip)
        {
            json.WriteStartArray(name);
            json.WriteStartObject();
            json.WriteString("ip"u8, ip);
            json.WriteEndObject();
            json.WriteEndArray();
        }
    }

    private static void WriteContainers(
        Utf8JsonWriter json, string name, JsonElement spec, string source, HollowPod pod, int? exitCode, DateTimeOffset end)
    {
        if (!spec.TryGetProperty(source, out var containers) || containers.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var container in containers.EnumerateArray())
        {
            var isInit = source == "initContainers";
            var isSidecar = isInit && container.TryGetProperty("restartPolicy", out var policy) && policy.ValueEquals("Always");
            if (isInit && !isSidecar)
            {
                WriteContainer(json, container, pod, 0, pod.StartedAt, isReady: true);
            }
            else
            {
                WriteContainer(
                    json, container, pod, isSidecar && exitCode is not null ? 0 : exitCode, end, exitCode is null);
            }
        }

        json.WriteEndArray();
    }

    private static void WriteContainer(
        Utf8JsonWriter json, JsonElement container, HollowPod pod, int? exitCode, DateTimeOffset end, bool isReady)
    {
        var name = container.GetProperty("name").GetString()!;
        var image = container.TryGetProperty("image", out var given) ? given.GetString() ?? "" : "";
        var id = $"hollow://{pod.Uid}/{name}";
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteStartObject("state"u8);
        if (exitCode is { } code)
        {
            json.WriteStartObject("terminated"u8);
            json.WriteNumber("exitCode"u8, code);
            json.WriteString("reason"u8, code == 0 ? "Completed" : "Error");
            json.WriteString("startedAt"u8, pod.StartedAt.ToApiText());
            json.WriteString("finishedAt"u8, end.ToApiText());
            json.WriteString("containerID"u8, id);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("running"u8);
            json.WriteString("startedAt"u8, pod.StartedAt.ToApiText());
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("lastState"u8);
        json.WriteEndObject();
        json.WriteBoolean("ready"u8, isReady);
        json.WriteNumber("restartCount"u8, 0);
        json.WriteString("image"u8, image);
        json.WriteString("imageID"u8, $"hollow://{image}");
        json.WriteString("containerID"u8, id);
        json.WriteBoolean("started"u8, exitCode is null);
        json.WriteEndObject();
    }
}
