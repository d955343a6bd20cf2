using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Events;

/// <summary>
/// The rules of Events as the core API has them: lenient for old reporters, stricter for those that set
/// <c>eventTime</c>.
/// </summary>
public sealed class EventStrategy : ResourceStrategy<Corev1Event>
{
    public override bool AllowCreateOnUpdate => true;

    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
    [
        new("involvedObject.kind"),
        new("involvedObject.namespace"),
        new("involvedObject.name"),
        new("involvedObject.uid"),
        new("involvedObject.apiVersion"),
        new("involvedObject.resourceVersion"),
        new("involvedObject.fieldPath"),
        new("reason"),
        new("reportingComponent"),
        new("source", "source.component|reportingComponent"),
        new("type"),
    ];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Last Seen", "string", "", ColumnTexts.EventsLastSeen),
        new("Type", "string", "", ColumnTexts.EventsType),
        new("Reason", "string", "", ColumnTexts.EventsReason),
        new("Object", "string", "", ColumnTexts.EventsObject),
        new("Subobject", "string", "", ColumnTexts.EventsSubobject, 1),
        new("Source", "string", "", ColumnTexts.EventsSource, 1),
        new("Message", "string", "", ColumnTexts.EventsMessage),
        new("First Seen", "string", "", ColumnTexts.EventsFirstSeen, 1),
        new("Count", "string", "", ColumnTexts.EventsCount, 1),
        TableColumns.Name with { Priority = 1 },
    ];

    public override IReadOnlyList<object?> Cells(Corev1Event item, DateTimeOffset now)
    {
        var first = item.FirstTimestamp ?? item.EventTime;
        var last = item.Series is { } series ? series.LastObservedTime : item.LastTimestamp ?? first;
        var count = item.Series is { } repeated ? repeated.Count ?? 0 : item.Count is null or 0 ? 1 : item.Count.Value;
        var kind = (item.InvolvedObject?.Kind ?? "").ToLowerInvariant();
        var target = string.IsNullOrEmpty(item.InvolvedObject?.Name) ? kind : $"{kind}/{item.InvolvedObject.Name}";
        return
        [
            HumanDuration.Since(last, now),
            item.Type ?? "",
            item.Reason ?? "",
            target,
            item.InvolvedObject?.FieldPath ?? "",
            SourceOf(item),
            (item.Message ?? "").Trim(),
            HumanDuration.Since(first, now),
            count,
            item.Metadata.Name,
        ];
    }

    public override void SetDefaults(Corev1Event item)
    {
        item.InvolvedObject ??= new V1ObjectReference();
        item.Source ??= new V1EventSource();
        item.ReportingComponent ??= "";
        item.ReportingInstance ??= "";
    }

    public override void Validate(Corev1Event item, FieldErrors errors) =>
        EventRules.Validate(item, "reportingComponent", errors);

    public override void ValidateUpdate(Corev1Event item, Corev1Event old, string subresource, FieldErrors errors) =>
        Validate(item, errors);

    /// <summary>Any path segment: reporters put object names in front, which need not be DNS names.</summary>
    public override IEnumerable<string> ValidateName(string name, bool isPrefix) =>
        NameRules.PathSegment(name, isPrefix);

    private static string SourceOf(Corev1Event item)
    {
        var component = FirstOf(item.Source?.Component, item.ReportingComponent);
        var instance = FirstOf(item.Source?.Host, item.ReportingInstance);
        return instance.Length == 0 ? component : $"{component}, {instance}";
    }

    private static string FirstOf(string? first, string? second) => string.IsNullOrEmpty(first) ? second ?? "" : first;
}
