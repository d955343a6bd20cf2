using k8s.Models;
using OrleansOrchestrator.Resources.Core.Events;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Events;

/// <summary>
/// Events of <c>events.k8s.io</c>. They keep the core group's rules and add stricter ones, all in terms of the stored
/// form's fields: that is what clients are told.
/// </summary>
public sealed class GroupedEventStrategy : ResourceStrategy<Eventsv1Event>
{
    private const string Immutable = "field is immutable";

    private static readonly EventStrategy Core = new();

    public override bool AllowCreateOnUpdate => true;

    /// <summary>Labels are this group's, values are read where they are stored.</summary>
    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
    [
        new("reason"),
        new("regarding.kind", "involvedObject.kind"),
        new("regarding.namespace", "involvedObject.namespace"),
        new("regarding.name", "involvedObject.name"),
        new("regarding.uid", "involvedObject.uid"),
        new("regarding.apiVersion", "involvedObject.apiVersion"),
        new("regarding.resourceVersion", "involvedObject.resourceVersion"),
        new("regarding.fieldPath", "involvedObject.fieldPath"),
        new("reportingController", "reportingComponent"),
        new("type"),
    ];

    public override IReadOnlyList<TableColumn> Columns => Core.Columns;

    public override IReadOnlyList<object?> Cells(Eventsv1Event item, DateTimeOffset now) =>
        Core.Cells(GroupedEventConversion.ToCore(item), now);

    public override void SetDefaults(Eventsv1Event item)
    {
        item.Regarding ??= new V1ObjectReference();
        item.DeprecatedSource ??= new V1EventSource();
    }

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) =>
        NameRules.DnsSubdomain(name, isPrefix);

    public override void Validate(Eventsv1Event item, FieldErrors errors)
    {
        var core = GroupedEventConversion.ToCore(item);
        EventRules.Validate(core, "reportingController", errors);
        ValidateSeries(core, errors);
        if (core.EventTime is null)
        {
            errors.Required(FieldPath.Of("eventTime"));
        }

        if (core.Type is not ("Normal" or "Warning"))
        {
            errors.Invalid(FieldPath.Of("type"), "", $"has invalid value: {core.Type}");
        }

        Unset("firstTimestamp", core.FirstTimestamp is null, errors);
        Unset("lastTimestamp", core.LastTimestamp is null, errors);
        Unset("count", core.Count is null or 0, errors);
        Unset("source", string.IsNullOrEmpty(core.Source.Component) && string.IsNullOrEmpty(core.Source.Host), errors);
    }

    public override void ValidateUpdate(Eventsv1Event item, Eventsv1Event old, string subresource, FieldErrors errors)
    {
        var (next, before) = (GroupedEventConversion.ToCore(item), GroupedEventConversion.ToCore(old));
        EventRules.Validate(next, "reportingController", errors);
        if (!ModelShape.SemanticEquals(next.Series, before.Series))
        {
            ValidateSeries(next, errors);
        }

        SameModel("involvedObject", next.InvolvedObject, before.InvolvedObject, errors);
        Same("reason", next.Reason, before.Reason, errors);
        Same("message", next.Message, before.Message, errors);
        SameModel("source", next.Source, before.Source, errors);
        Same("firstTimestamp", next.FirstTimestamp, before.FirstTimestamp, errors);
        Same("lastTimestamp", next.LastTimestamp, before.LastTimestamp, errors);
        SameValue("count", next.Count ?? 0, before.Count ?? 0, errors);
        Same("reason", next.Reason, before.Reason, errors);
        Same("type", next.Type, before.Type, errors);
        Same("eventTime", next.EventTime, before.EventTime, errors);
        Same("action", next.Action, before.Action, errors);
        SameModel("related", next.Related, before.Related, errors);
        Same("reportingController", next.ReportingComponent, before.ReportingComponent, errors);
        Same("reportingInstance", next.ReportingInstance, before.ReportingInstance, errors);
    }

    private static void ValidateSeries(Corev1Event item, FieldErrors errors)
    {
        if (item.Series is not { } series)
        {
            return;
        }

        if (series.Count is null or < 2)
        {
            errors.Invalid(FieldPath.Of("series.count"), "", "should be at least 2");
        }

        if (series.LastObservedTime is null || series.LastObservedTime == default(DateTime))
        {
            errors.Required(FieldPath.Of("series.lastObservedTime"));
        }
    }

    private static void Unset(string field, bool isUnset, FieldErrors errors)
    {
        if (!isUnset)
        {
            errors.Invalid(FieldPath.Of(field), "", "needs to be unset");
        }
    }

    private static void Same(string field, string? value, string? old, FieldErrors errors) =>
        SameValue(field, value ?? "", old ?? "", errors);

    private static void Same(string field, DateTime? value, DateTime? old, FieldErrors errors)
    {
        if (value != old)
        {
            errors.Invalid(
                FieldPath.Of(field),
                value is { } time ? new RawJson(GoText.Json(Shown(field, time))) : null,
                Immutable);
        }
    }

    private static string Shown(string field, DateTime time) => time.ToString(
        field == "eventTime" ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'",
        System.Globalization.CultureInfo.InvariantCulture);

    private static void SameValue(string field, object value, object old, FieldErrors errors)
    {
        if (!value.Equals(old))
        {
            errors.Invalid(FieldPath.Of(field), value, Immutable);
        }
    }

    private static void SameModel<T>(string field, T? value, T? old, FieldErrors errors)
        where T : class
    {
        if (!ModelShape.SemanticEquals(value, old))
        {
            errors.Invalid(FieldPath.Of(field), InternalForm.Shown(value), Immutable);
        }
    }
}
