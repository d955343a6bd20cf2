using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.ControllerRevisions;

/// <summary>The rules of ControllerRevisions: what a workload looked like once, never changed.</summary>
public sealed class ControllerRevisionStrategy : ResourceStrategy<V1ControllerRevision>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Controller", "string", "", "Controller of the object"),
        new("Revision", "string", "", "Revision indicates the revision of the state represented by Data."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1ControllerRevision item, DateTimeOffset now) =>
        [item.Metadata.Name, Controller(item.Metadata), item.Revision, TableColumns.AgeOf(item, now)];

    public override void Validate(V1ControllerRevision item, FieldErrors errors)
    {
        if (item.Data is null)
        {
            errors.Required(FieldPath.Of("data"), "data is mandatory");
        }

        if (item.Revision < 0)
        {
            errors.Invalid(FieldPath.Of("revision"), item.Revision, "must be greater than or equal to 0");
        }
    }

    /// <summary>Upstream validates the whole object again.</summary>
    public override void ValidateUpdate(
        V1ControllerRevision item, V1ControllerRevision old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        Validate(item, errors);
        if (item.Data is not JsonElement next || old.Data is not JsonElement before
            || !JsonElement.DeepEquals(next, before))
        {
            var shown = item.Data is null ? null : new RawJson(GoText.Json(item.Data));
            errors.Invalid(FieldPath.Of("data"), shown, "field is immutable");
        }
    }

    private static string Controller(V1ObjectMeta metadata)
    {
        if (metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true) is not { } owner)
        {
            return TableColumns.None;
        }

        var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        var kind = slash < 0 ? owner.Kind : $"{owner.Kind}.{owner.ApiVersion[..slash]}";
        return $"{kind.ToLowerInvariant()}/{owner.Name}";
    }
}
