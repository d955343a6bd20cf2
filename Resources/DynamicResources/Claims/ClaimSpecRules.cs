using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Claims;

/// <summary>Defaults and validation of what a claim asks for.</summary>
internal static class ClaimSpecRules
{
    public const int MaxRequests = 32;

    private const string All = "All";
    private const string ExactCount = "ExactCount";
    private const int MaxAlternatives = 8;

    public static void SetDefaults(V1ResourceClaimSpec spec)
    {
        foreach (var request in spec.Devices?.Requests ?? [])
        {
            if (request.Exactly is { } exact)
            {
                (exact.AllocationMode, exact.Count) = Default(exact.AllocationMode, exact.Count);
                SetDefaults(exact.Tolerations);
            }

            foreach (var alternative in request.FirstAvailable ?? [])
            {
                (alternative.AllocationMode, alternative.Count) = Default(
                    alternative.AllocationMode, alternative.Count);
                SetDefaults(alternative.Tolerations);
            }
        }
    }

    public static void Validate(V1ResourceClaimSpec spec, FieldPath parent, FieldErrors errors)
    {
        var (claim, path) = (spec.Devices ?? new V1DeviceClaim(), parent.Child("devices"));
        var names = RequestNames.Of(claim);
        DeviceRules.EachOnce(
            claim.Requests, MaxRequests, r => r.Name ?? "", path.Child("requests"), errors,
            (request, at) => ValidateRequest(request, at, errors));
        DeviceRules.Each(
            claim.Constraints, MaxRequests, path.Child("constraints"), errors,
            (constraint, at) => ValidateConstraint(constraint, names, at, errors));
        DeviceRules.Each(
            claim.Config, DeviceRules.MaxConfigs, path.Child("config"), errors,
            (config, at) =>
            {
                names.Validate(config.Requests, at.Child("requests"), errors);
                DeviceRules.ValidateOpaque(config.Opaque, at.Child("opaque"), errors);
            });
    }

    private static (string Mode, long? Count) Default(string? mode, long? count)
    {
        mode = mode is { Length: > 0 } ? mode : ExactCount;
        return (mode, mode == ExactCount && count is null or 0 ? 1 : count);
    }

    private static void SetDefaults(IList<V1DeviceToleration>? tolerations)
    {
        foreach (var toleration in tolerations ?? [])
        {
            toleration.OperatorProperty = toleration.OperatorProperty is { Length: > 0 } given ? given : "Equal";
        }
    }

    private static void ValidateRequest(V1DeviceRequest request, FieldPath path, FieldErrors errors)
    {
        const string OneOf = "exactly one of `exactly` or `firstAvailable` is required";
        DeviceRules.ValidateLabelName(request.Name ?? "", path.Child("name"), errors);
        switch (request)
        {
            case { Exactly: null, FirstAvailable: not { Count: > 0 } }: errors.Required(path, OneOf); break;
            case { Exactly: not null, FirstAvailable.Count: > 0 }:
                errors.Invalid(path, null, $"{OneOf}, but multiple fields are set");
                break;
            case { Exactly: { } exact }:
                ValidateAsked(new Asked(exact), path.Child("exactly"), errors);
                break;
            default:
                DeviceRules.EachOnce(
                    request.FirstAvailable, MaxAlternatives, a => a.Name ?? "", path.Child("firstAvailable"), errors,
                    (alternative, at) =>
                    {
                        DeviceRules.ValidateLabelName(alternative.Name ?? "", at.Child("name"), errors);
                        ValidateAsked(new Asked(alternative), at, errors);
                    });
                break;
        }
    }

    private static void ValidateAsked(Asked asked, FieldPath path, FieldErrors errors)
    {
        if (asked.Class.Length == 0)
        {
            errors.Required(path.Child("deviceClassName"));
        }
        else
        {
            errors.InvalidEach(path.Child("deviceClassName"), asked.Class, NameRules.DnsSubdomain(asked.Class));
        }

        DeviceRules.ValidateSelectors(asked.Selectors, path.Child("selectors"), errors);
        switch (asked.Mode)
        {
            case All when asked.Count != 0:
                errors.Invalid(path.Child("count"), asked.Count, "must not be specified when allocationMode is 'All'");
                break;
            case ExactCount when asked.Count <= 0:
                errors.Invalid(path.Child("count"), asked.Count, "must be greater than zero");
                break;
            case All or ExactCount:
                break;
            default:
                errors.NotSupported(path.Child("allocationMode"), asked.Mode, [All, ExactCount]);
                break;
        }

        foreach (var (i, toleration) in (asked.Tolerations ?? []).Index())
        {
            DeviceRules.ValidateToleration(toleration, path.Child("tolerations").Index(i), errors);
        }
    }

    private static void ValidateConstraint(
        V1DeviceConstraint constraint, RequestNames names, FieldPath path, FieldErrors errors)
    {
        names.Validate(constraint.Requests, path.Child("requests"), errors);
        if (constraint.MatchAttribute is { } same)
        {
            DeviceRules.ValidateFullyQualifiedName(same, path.Child("matchAttribute"), errors);
        }
        else if (constraint.DistinctAttribute is { } distinct)
        {
            DeviceRules.ValidateFullyQualifiedName(distinct, path.Child("distinctAttribute"), errors);
        }
        else
        {
            errors.Required(
                path,
                "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
        }
    }

    /// <summary>What a request and an alternative of a request have in common.</summary>
    private readonly record struct Asked(
        string Class, IList<V1DeviceSelector>? Selectors, string Mode, long Count,
        IList<V1DeviceToleration>? Tolerations)
    {
        public Asked(V1ExactDeviceRequest request)
            : this(
                request.DeviceClassName ?? "", request.Selectors, request.AllocationMode ?? "", request.Count ?? 0,
                request.Tolerations)
        {
        }

        public Asked(V1DeviceSubRequest request)
            : this(
                request.DeviceClassName ?? "", request.Selectors, request.AllocationMode ?? "", request.Count ?? 0,
                request.Tolerations)
        {
        }
    }
}
