using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage.CsiDrivers;

/// <summary>The rules of CSIDrivers.</summary>
public sealed class CsiDriverStrategy : ResourceStrategy<V1CSIDriver>
{
    private const string Persistent = "Persistent";
    private const string ByFsType = "ReadWriteOnceWithFSType";
    private const long MinTokenSeconds = 600;
    private const long MaxTokenSeconds = 1L << 32;
    private const long MinUpdateSeconds = 10;

    private static readonly string[] Modes = [Persistent, "Ephemeral"];
    private static readonly string[] GroupPolicies = ["File", "None", ByFsType];
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("AttachRequired", "boolean", "", CsiDriverTexts.AttachRequired),
        new("PodInfoOnMount", "boolean", "", CsiDriverTexts.PodInfoOnMount),
        new("StorageCapacity", "boolean", "", CsiDriverTexts.StorageCapacity),
        new("TokenRequests", "string", "", CsiDriverTexts.TokenRequests),
        new("RequiresRepublish", "boolean", "", CsiDriverTexts.RequiresRepublish),
        new("Modes", "string", "", CsiDriverTexts.VolumeLifecycleModes),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1CSIDriver item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.AttachRequired ?? true,
        item.Spec.PodInfoOnMount ?? false,
        item.Spec.StorageCapacity ?? false,
        item.Spec.TokenRequests is { Count: > 0 } requests
            ? string.Join(',', requests.Select(r => r.Audience))
            : "<unset>",
        item.Spec.RequiresRepublish ?? false,
        item.Spec.VolumeLifecycleModes is { Count: > 0 } modes ? string.Join(',', modes) : "<none>",
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1CSIDriver item)
    {
        item.Spec ??= new V1CSIDriverSpec();
        ModelShape.Normalize(item);
        item.Spec.AttachRequired ??= true;
        item.Spec.PodInfoOnMount ??= false;
        item.Spec.StorageCapacity ??= false;
        item.Spec.FsGroupPolicy ??= ByFsType;
        item.Spec.VolumeLifecycleModes ??= [Persistent];
        item.Spec.RequiresRepublish ??= false;
        item.Spec.SeLinuxMount ??= false;
    }

    /// <summary>Waiting for the driver is an alpha feature in 1.36: what asks for it is dropped.</summary>
    public override void PrepareForCreate(V1CSIDriver item) => item.Spec.PreventPodSchedulingIfMissing = null;

    public override void PrepareForUpdate(V1CSIDriver item, V1CSIDriver old, string subresource)
    {
        if (old.Spec.PreventPodSchedulingIfMissing is null)
        {
            item.Spec.PreventPodSchedulingIfMissing = null;
        }

        // A new driver has no generation: only changes are counted.
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void Validate(V1CSIDriver item, FieldErrors errors)
    {
        var spec = item.Spec;
        if (!GroupPolicies.Contains(spec.FsGroupPolicy))
        {
            errors.NotSupported(Spec.Child("fsGroupPolicy"), spec.FsGroupPolicy, GroupPolicies);
        }

        ValidateTokenRequests(spec, errors);
        foreach (var mode in (spec.VolumeLifecycleModes ?? []).Where(m => !Modes.Contains(m)))
        {
            errors.NotSupported(Spec.Child("volumeLifecycleModes"), mode, Modes);
        }

        if (spec.NodeAllocatableUpdatePeriodSeconds is { } period and < MinUpdateSeconds)
        {
            errors.Invalid(
                Spec.Child("nodeAllocatableUpdatePeriodSeconds"),
                period,
                $"must be greater than or equal to {MinUpdateSeconds} seconds");
        }

        if (spec is { ServiceAccountTokenInSecrets: not null, TokenRequests: not { Count: > 0 } })
        {
            errors.Invalid(
                Spec.Child("serviceAccountTokenInSecrets"),
                spec.ServiceAccountTokenInSecrets,
                "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
        }
    }

    public override void ValidateUpdate(V1CSIDriver item, V1CSIDriver old, string subresource, FieldErrors errors)
    {
        Validate(item, errors);
        if (item.Spec.AttachRequired != old.Spec.AttachRequired)
        {
            errors.Invalid(Spec.Child("attachedRequired"), item.Spec.AttachRequired, FieldErrors.IsImmutable);
        }

        var modes = item.Spec.VolumeLifecycleModes ?? [];
        if (!modes.SequenceEqual(old.Spec.VolumeLifecycleModes ?? []))
        {
            errors.Invalid(Spec.Child("volumeLifecycleModes"), modes, FieldErrors.IsImmutable);
        }
    }

    public override IEnumerable<string> Warnings(V1CSIDriver item, V1CSIDriver? old)
    {
        if (item.Spec is { TokenRequests.Count: > 0, ServiceAccountTokenInSecrets: null }
            && (old is null || GoText.Json(item.Spec.TokenRequests) != GoText.Json(old.Spec.TokenRequests)))
        {
            yield return "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, " +
                "set to true to prevent possible logging of tokens in volume attributes";
        }
    }

    private static void ValidateTokenRequests(V1CSIDriverSpec spec, FieldErrors errors)
    {
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (spec.TokenRequests?.Count ?? 0); i++)
        {
            var request = spec.TokenRequests![i];
            var path = Spec.Child("tokenRequests").Index(i);
            if (!audiences.Add(request.Audience ?? ""))
            {
                errors.Duplicate(path.Child("audience"), request.Audience ?? "");
            }
            else if (request.ExpirationSeconds < MinTokenSeconds)
            {
                errors.Invalid(
                    path.Child("expirationSeconds"),
                    request.ExpirationSeconds,
                    "may not specify a duration less than 10 minutes");
            }
            else if (request.ExpirationSeconds > MaxTokenSeconds)
            {
                errors.Invalid(
                    path.Child("expirationSeconds"),
                    request.ExpirationSeconds,
                    "may not specify a duration larger than 2^32 seconds");
            }
        }
    }
}
