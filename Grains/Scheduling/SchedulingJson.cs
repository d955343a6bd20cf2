using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The bodies that the scheduler sends, written directly: at thousands a second a model in between would be felt.
/// </summary>
internal static class SchedulingJson
{
    /// <summary>Longest event note that the API accepts.</summary>
    public const int MaxNoteLength = 1024;

    private const string Ellipsis = " ...";

    /// <summary><c>v1 Binding</c>.</summary>
    public static ReadOnlyMemory<byte> Binding(PodInfo pod, string nodeName) => Write(pod, nodeName, static (json, pod, node) =>
    {
        json.WriteString("apiVersion"u8, "v1"u8);
        json.WriteString("kind"u8, "Binding"u8);
        json.WriteStartObject("metadata"u8);
        json.WriteString("name"u8, pod.Key.Name);
        json.WriteString("namespace"u8, pod.Key.Namespace);
        json.WriteString("uid"u8, pod.Uid);
        json.WriteEndObject();
        json.WriteStartObject("target"u8);
        json.WriteString("kind"u8, "Node"u8);
        json.WriteString("name"u8, node);
        json.WriteEndObject();
    });

    /// <summary>
    /// Strategic patch of <c>pods/status</c> that sets <c>PodScheduled=False</c>, and where room is made for the pod:
    /// null leaves that alone, empty takes it away.
    /// </summary>
    public static ReadOnlyMemory<byte> Unscheduled(
        PodInfo pod, string reason, string message, string? nomination, DateTimeOffset now) =>
        Write(pod, (reason, message, nomination, now), static (json, pod, state) =>
        {
            json.WriteStartObject("status"u8);
            if (state.nomination is not null)
            {
                json.WriteString("nominatedNodeName"u8, state.nomination.Length > 0 ? state.nomination : null);
            }

            json.WriteStartArray("conditions"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "PodScheduled"u8);
            json.WriteString("status"u8, "False"u8);
            json.WriteString("reason"u8, state.reason);
            json.WriteString("message"u8, state.message);
            json.WriteNull("lastProbeTime"u8);
            if (pod.UnschedulableReason is null)
            {
                // Only a change of the status is a transition; the patch keeps the time of an earlier one.
                json.WriteString("lastTransitionTime"u8, state.now.ToApiText());
            }

            json.WriteNumber("observedGeneration"u8, pod.Generation);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });

    /// <summary>Strategic patch of <c>pods/status</c>: no room is made for the pod any more.</summary>
    public static ReadOnlyMemory<byte> Unnominated(PodInfo pod) => Write(pod, 0, static (json, pod, _) =>
    {
        json.WriteStartObject("metadata"u8);
        json.WriteString("uid"u8, pod.Uid);
        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteNull("nominatedNodeName"u8);
        json.WriteEndObject();
    });

    /// <summary><c>v1 Event</c> about a pod, as the newer events API stores it.</summary>
    public static ReadOnlyMemory<byte> Event(SchedulingNote note, string eventName, DateTimeOffset now) =>
        Write(note.Pod, (note, eventName, now), static (json, pod, state) =>
        {
            var (note, name, now) = state;
            json.WriteString("apiVersion"u8, "v1"u8);
            json.WriteString("kind"u8, "Event"u8);
            json.WriteStartObject("metadata"u8);
            json.WriteString("name"u8, name);
            json.WriteString("namespace"u8, pod.Key.Namespace);
            json.WriteEndObject();
            json.WriteStartObject("involvedObject"u8);
            json.WriteString("kind"u8, "Pod"u8);
            json.WriteString("namespace"u8, pod.Key.Namespace);
            json.WriteString("name"u8, pod.Key.Name);
            json.WriteString("uid"u8, pod.Uid);
            json.WriteString("apiVersion"u8, "v1"u8);
            json.WriteString("resourceVersion"u8, pod.Revision.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteString("reason"u8, note.Reason);
            json.WriteString("message"u8, Truncate(note.Message));
            json.WriteStartObject("source"u8);
            json.WriteEndObject();
            json.WriteString("type"u8, note.IsWarning ? "Warning"u8 : "Normal"u8);
            json.WriteString("eventTime"u8, now.ToApiMicroText());
            json.WriteString("action"u8, note.Action);
            json.WriteString("reportingComponent"u8, note.Scheduler);
            json.WriteString("reportingInstance"u8, $"{note.Scheduler}-{Environment.MachineName}");
        });

    /// <summary>Merge patch that counts a repetition of an event.</summary>
    public static ReadOnlyMemory<byte> Series(int count, DateTimeOffset now) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"series\":{{\"count\":{count},\"lastObservedTime\":\"{now.ToApiMicroText()}\"}}}}"));

    public static string Truncate(string note) =>
        note.Length <= MaxNoteLength ? note : string.Concat(note.AsSpan(0, MaxNoteLength - Ellipsis.Length), Ellipsis);

    /// <summary>An object that says of a pod what a state knows.</summary>
    internal static ReadOnlyMemory<byte> Write<TState>(
        PodInfo pod, TState state, Action<Utf8JsonWriter, PodInfo, TState> body)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        body(json, pod, state);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}

/// <summary>Something to be told about a pod.</summary>
public sealed record SchedulingNote
{
    public required PodInfo Pod { get; init; }

    public required string Scheduler { get; init; }

    public required string Reason { get; init; }

    public required string Action { get; init; }

    public required string Message { get; init; }

    public bool IsWarning { get; init; }

    /// <summary>Reason of the pod's <c>PodScheduled=False</c>; null leaves the status alone.</summary>
    public string? ConditionReason { get; init; }

    /// <summary>The pod's <c>status.nominatedNodeName</c>, set with the condition; null to leave it.</summary>
    public string? Nomination { get; init; }
}
