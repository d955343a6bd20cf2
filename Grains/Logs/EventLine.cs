using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>An Event as a line of the logs. Pure.</summary>
/// <param name="Stream">The object that it is about: each has a stream of its own.</param>
/// <param name="Time">When it happened last, in nanoseconds since 1970.</param>
/// <param name="Severity">By its type.</param>
/// <param name="Text">What it says.</param>
/// <param name="PodUid">Of the pod that it is about, where it says; null when it is about something else.</param>
internal sealed record EventLine(LogStream Stream, long Time, Severity Severity, byte[] Text, string? PodUid)
{
    private const int MaxTextBytes = 64 * 1024;

    /// <summary>A line from the far future would never grow old.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(1);

    /// <summary>The line of one version of an Event: each time it is repeated it is written anew.</summary>
    public static EventLine Of(ResourceObject item, DateTimeOffset now)
    {
        var @event = item.As<Corev1Event>();
        var time = @event.Series?.LastObservedTime ?? @event.LastTimestamp ?? @event.EventTime
            ?? @event.FirstTimestamp ?? @event.Metadata.CreationTimestamp ?? now.UtcDateTime;
        var latest = LogTime.Of(now + Ahead);
        return new EventLine(
            StreamOf(item.Key.Namespace, @event.InvolvedObject ?? new V1ObjectReference()),
            Math.Clamp(LogTime.Of(new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc))), 0, latest),
            @event.Type == "Warning" ? Severity.Warning : Severity.Info,
            TextOf(@event),
            @event.InvolvedObject?.Kind == "Pod" ? @event.InvolvedObject.Uid ?? "" : null);
    }

    /// <summary>
    /// What identifies it has all of the reference, which is whatever the Event's writer says: no two namespaces, and
    /// no Event and container, ever share a stream.
    /// </summary>
    private static LogStream StreamOf(string @namespace, V1ObjectReference about)
    {
        var (kind, name) = (about.Kind ?? "", about.Name ?? "");
        return new LogStream
        {
            Name = new StreamName(
                @namespace, kind == "Pod" ? name : "", $"{@namespace}/{kind}/{name}/{about.Uid}",
                StreamName.EventContainer, 0),
            Node = kind == "Node" ? name : "",
            Labels = new Dictionary<string, string>(),
            WorkloadKind = kind == "Pod" ? "" : kind.ToLowerInvariant(),
            Workload = kind == "Pod" ? "" : name,
        };
    }

    /// <summary><c>Warning BackOff pod/web-1: Back-off … (reason=BackOff source=kubelet count=3)</c></summary>
    private static byte[] TextOf(Corev1Event @event)
    {
        var about = @event.InvolvedObject;
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{@event.Type} {@event.Reason} ")
            .Append(CultureInfo.InvariantCulture, $"{about?.Kind?.ToLowerInvariant()}/{about?.Name}: ")
            .Append(@event.Message?.TrimEnd())
            .Append(CultureInfo.InvariantCulture, $" (reason={@event.Reason}");
        var source = string.IsNullOrEmpty(@event.Source?.Component) ? @event.ReportingComponent
            : @event.Source.Component;
        if (!string.IsNullOrEmpty(source))
        {
            text.Append(CultureInfo.InvariantCulture, $" source={source}");
        }

        if (!string.IsNullOrEmpty(@event.Source?.Host))
        {
            text.Append(CultureInfo.InvariantCulture, $" host={@event.Source.Host}");
        }

        if ((@event.Series?.Count ?? @event.Count) is > 1 and var count)
        {
            text.Append(CultureInfo.InvariantCulture, $" count={count}");
        }

        return LineCut.ToUtf8(text.Append(')').ToString(), MaxTextBytes);
    }
}
