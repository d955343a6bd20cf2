using System.Globalization;
using System.Threading.Channels;
using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>
/// Writes events in the background, repetitions as counts (<see cref="EventCorrelator"/>). Events may be lost: nothing
/// waits for them.
/// </summary>
public sealed partial class EventRecorder(
    IClusterApi api, NodeAgentOptions options, TimeProvider time, ILogger<EventRecorder> logger) : BackgroundService
{
    public const string Normal = "Normal";
    public const string Warning = "Warning";

    private const int MaxPending = 1000;

    private readonly Channel<Corev1Event> _pending = Channel.CreateBounded<Corev1Event>(
        new BoundedChannelOptions(MaxPending) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly EventCorrelator _correlator = new(time);
    private long _sequence;

    /// <summary>An event about a pod as a whole.</summary>
    public void Pod(V1Pod pod, string type, string reason, string message) => Pod(pod, null, type, reason, message);

    /// <summary>An event about one container of a pod; its field path names it.</summary>
    public void Pod(
        V1Pod pod, V1Container? container, string type, string reason, string message,
        IDictionary<string, string>? annotations = null) => Record(
        new V1ObjectReference
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Name = pod.Metadata.Name,
            NamespaceProperty = pod.Metadata.NamespaceProperty,
            Uid = pod.Metadata.Uid,
            ResourceVersion = pod.Metadata.ResourceVersion,
            FieldPath = container is null ? null : FieldPath(pod, container.Name),
        },
        type, reason, message, annotations);

    public void Node(string type, string reason, string message) => Record(
        new V1ObjectReference { Kind = "Node", Name = options.NodeName, Uid = options.NodeName }, type, reason, message);

    public void Record(
        V1ObjectReference about, string type, string reason, string message,
        IDictionary<string, string>? annotations = null)
    {
        var now = time.GetUtcNow();
        var suffix = (now.UtcTicks + Interlocked.Increment(ref _sequence)).ToString("x", CultureInfo.InvariantCulture);
        _pending.Writer.TryWrite(new Corev1Event
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{about.Name}.{suffix}",
                NamespaceProperty = about.NamespaceProperty ?? "default",
                Annotations = annotations,
            },
            InvolvedObject = about,
            Reason = reason,
            Message = message,
            Type = type,
            Source = new V1EventSource { Component = "kubelet", Host = options.NodeName },
            ReportingComponent = "kubelet",
            ReportingInstance = options.NodeName,
            FirstTimestamp = now.UtcDateTime,
            LastTimestamp = now.UtcDateTime,
            Count = 1,
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var recorded in _pending.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await WriteAsync(recorded, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogLost(recorded.Reason, recorded.InvolvedObject.Name, exception.Message);
            }
        }
    }

    private async Task WriteAsync(Corev1Event recorded, CancellationToken cancellationToken)
    {
        var about = recorded.InvolvedObject;
        var facts = new EventFacts(
            recorded.Source.Component, EventFacts.AboutOf(about.Kind, about.NamespaceProperty, about.Name, about.Uid),
            about.FieldPath ?? "", recorded.Type, recorded.Reason, recorded.Message);
        if (_correlator.Correlate(facts, recorded.LastTimestamp!.Value) is not { } record)
        {
            return;
        }

        var fresh = recorded.Metadata.Name;
        recorded.Message = record.Message;
        recorded.Count = record.Count;
        recorded.FirstTimestamp = record.First.UtcDateTime;
        recorded.Metadata.Name = record.Name;
        if (record.Name.Length > 0 && await api.UpdateEventAsync(recorded, cancellationToken))
        {
            return;
        }

        recorded.Metadata.Name = record.Name = fresh;
        await api.CreateEventAsync(recorded, cancellationToken);
    }

    private static string FieldPath(V1Pod pod, string container)
    {
        var list = pod.Spec.InitContainers?.Any(c => c.Name == container) == true ? "initContainers"
            : pod.Spec.EphemeralContainers?.Any(c => c.Name == container) == true ? "ephemeralContainers"
            : "containers";
        return $"spec.{list}{{{container}}}";
    }

    [LoggerMessage(1, LogLevel.Warning, "Event {Reason} about {Name} was lost: {Problem}")]
    private partial void LogLost(string reason, string name, string problem);
}
