using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Events;

/// <summary>Events of <c>events.k8s.io</c>: the core group's events under other names of fields.</summary>
public sealed class GroupedEventConversion : IObjectConversion
{
    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) =>
        ToCore((Eventsv1Event)item);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) =>
        FromCore((Corev1Event)stored);

    public static Corev1Event ToCore(Eventsv1Event item) => new()
    {
        Kind = "Event",
        ApiVersion = "v1",
        Metadata = item.Metadata,
        Action = item.Action,
        Count = item.DeprecatedCount,
        EventTime = item.EventTime,
        FirstTimestamp = item.DeprecatedFirstTimestamp,
        InvolvedObject = item.Regarding ?? new V1ObjectReference(),
        LastTimestamp = item.DeprecatedLastTimestamp,
        Message = item.Note,
        Reason = item.Reason,
        Related = item.Related,
        ReportingComponent = item.ReportingController ?? "",
        ReportingInstance = item.ReportingInstance ?? "",
        Series = item.Series is { } series
            ? new Corev1EventSeries { Count = series.Count, LastObservedTime = series.LastObservedTime }
            : null,
        Source = item.DeprecatedSource ?? new V1EventSource(),
        Type = item.Type,
    };

    public static Eventsv1Event FromCore(Corev1Event item) => new()
    {
        Kind = "Event",
        ApiVersion = "events.k8s.io/v1",
        Metadata = item.Metadata,
        Action = item.Action,
        DeprecatedCount = item.Count,
        EventTime = item.EventTime,
        DeprecatedFirstTimestamp = item.FirstTimestamp,
        Regarding = item.InvolvedObject,
        DeprecatedLastTimestamp = item.LastTimestamp,
        Note = item.Message,
        Reason = item.Reason,
        Related = item.Related,
        ReportingController = item.ReportingComponent,
        ReportingInstance = item.ReportingInstance,
        Series = item.Series is { } series
            ? new Eventsv1EventSeries { Count = series.Count ?? 0, LastObservedTime = series.LastObservedTime ?? default }
            : null,
        DeprecatedSource = item.Source,
        Type = item.Type,
    };
}
