using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources;

/// <summary>Rules that several kinds of the group share.</summary>
internal static class DeviceRules
{
    public const int MaxConfigs = 32;

    private const int MaxSelectors = 32;
    private const int MaxDriverLength = 63;
    private const int MaxPoolLength = 253;
    private const int MaxExpressionLength = 10 * 1024;
    private const int MaxParametersLength = 10 * 1024;
    private const int MaxIdentifierLength = 32;
    private static readonly string[] TaintEffects = ["NoExecute", "NoSchedule", "None"];

    /// <summary>Findings on the items of a list that is not too long; of a longer one only that.</summary>
    public static void Each<T>(
        IList<T>? items, int max, FieldPath path, FieldErrors errors, Action<T, FieldPath> validate)
    {
        if (items?.Count > max)
        {
            errors.TooMany(path, items.Count, max);
            return;
        }

        foreach (var (i, item) in (items ?? []).Index())
        {
            validate(item, path.Index(i));
        }
    }

    /// <summary>The same for items that differ in their keys.</summary>
    public static void EachOnce<T>(
        IList<T>? items, int max, Func<T, string> key, FieldPath path, FieldErrors errors,
        Action<T, FieldPath> validate)
    {
        Each(items, max, path, errors, validate);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, item) in (items?.Count > max ? [] : items ?? []).Index())
        {
            if (!seen.Add(key(item)))
            {
                errors.Duplicate(path.Index(i), key(item));
            }
        }
    }

    public static void ValidateSelectors(IList<V1DeviceSelector>? selectors, FieldPath path, FieldErrors errors) =>
        Each(selectors, MaxSelectors, path, errors, (selector, at) =>
        {
            var path = at.Child("cel", "expression");
            if (selector.Cel is null)
            {
                errors.Required(at.Child("cel"));
            }
            else if (NameRules.ByteCount(selector.Cel.Expression ?? "") > MaxExpressionLength)
            {
                errors.TooLong(path, MaxExpressionLength);
            }
            else
            {
                DeviceExpressions.Validate(selector.Cel.Expression ?? "", path, errors);
            }
        });

    public static void ValidateOpaque(V1OpaqueDeviceConfiguration? opaque, FieldPath path, FieldErrors errors)
    {
        if (opaque is null)
        {
            errors.Required(path);
            return;
        }

        ValidateDriver(opaque.Driver ?? "", path.Child("driver"), errors);
        ValidateRaw(opaque.Parameters, MaxParametersLength, path.Child("parameters"), errors);
    }

    /// <summary>Any JSON object that is not too long.</summary>
    public static void ValidateRaw(object? raw, int maxLength, FieldPath path, FieldErrors errors)
    {
        if (raw is not JsonElement { ValueKind: not JsonValueKind.Null } element)
        {
            errors.Required(path);
        }
        else if (NameRules.ByteCount(element.GetRawText()) > maxLength)
        {
            errors.TooLong(path, maxLength);
        }
        else if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Invalid(path, "<value omitted>", "must be a valid JSON object");
        }
    }

    /// <summary>As CSI drivers are named.</summary>
    public static void ValidateDriver(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Length > MaxDriverLength)
        {
            errors.TooLong(path, MaxDriverLength);
        }

        errors.InvalidEach(path, name, NameRules.DnsSubdomain(name.ToLowerInvariant()));
    }

    /// <summary>DNS subdomains with slashes between them.</summary>
    public static void ValidatePool(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Length > MaxPoolLength)
        {
            errors.TooLong(path, MaxPoolLength);
        }

        foreach (var part in name.Split('/'))
        {
            errors.InvalidEach(path, part, NameRules.DnsSubdomain(part));
        }
    }

    public static void ValidateLabelName(string name, FieldPath path, FieldErrors errors) =>
        errors.InvalidEach(path, name, NameRules.DnsLabel(name));

    /// <summary>An identifier of C, with or without a domain before it.</summary>
    public static void ValidateQualifiedName(string name, FieldPath path, FieldErrors errors)
    {
        switch (name.Split('/'))
        {
            case [var identifier]: ValidateIdentifier(identifier, path, errors); break;
            case [var domain, var identifier]:
                if (domain.Length == 0)
                {
                    errors.Invalid(path, "", "the domain must not be empty");
                }
                else
                {
                    ValidateDriver(domain, path, errors);
                }

                if (identifier.Length == 0)
                {
                    errors.Invalid(path, "", "the name must not be empty");
                }
                else
                {
                    ValidateIdentifier(identifier, path, errors);
                }

                break;
        }
    }

    public static void ValidateFullyQualifiedName(string name, FieldPath path, FieldErrors errors)
    {
        ValidateQualifiedName(name, path, errors);
        if (!name.Contains('/', StringComparison.Ordinal))
        {
            errors.Invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash");
        }
    }

    public static void ValidateTaint(V1DeviceTaint taint, FieldPath path, FieldErrors errors)
    {
        errors.InvalidEach(path.Child("key"), taint.Key ?? "", NameRules.QualifiedName(taint.Key ?? ""));
        errors.InvalidEach(path.Child("value"), taint.Value, NameRules.LabelValue(taint.Value ?? ""));
        if (string.IsNullOrEmpty(taint.Effect))
        {
            errors.Required(path.Child("effect"));
        }
        else if (!TaintEffects.Contains(taint.Effect))
        {
            errors.NotSupported(path.Child("effect"), taint.Effect, TaintEffects);
        }
    }

    public static void ValidateToleration(V1DeviceToleration toleration, FieldPath path, FieldErrors errors)
    {
        if (toleration.Key is { Length: > 0 } key)
        {
            errors.InvalidEach(path.Child("key"), key, NameRules.QualifiedName(key));
        }

        switch (toleration.OperatorProperty)
        {
            case "Exists" when toleration.Value is { Length: > 0 } value:
                errors.Invalid(path.Child("value"), value, "must be empty for operator `Exists`");
                break;
            case "Exists":
                break;
            case "Equal":
                errors.InvalidEach(path.Child("value"), toleration.Value, NameRules.LabelValue(toleration.Value ?? ""));
                break;
            default:
                errors.NotSupported(path.Child("operator"), toleration.OperatorProperty ?? "", ["Equal", "Exists"]);
                break;
        }

        if (toleration.Effect is { Length: > 0 } effect && !TaintEffects.Contains(effect))
        {
            errors.NotSupported(path.Child("effect"), effect, TaintEffects);
        }
    }

    /// <summary>Conditions that a binding waits for, and those that end it: some of both or none of either.</summary>
    public static void ValidateBinding(
        IList<string> conditions, IList<string> failures, FieldPath path, FieldErrors errors)
    {
        const int MaxConditions = 4;
        var (conditionsPath, failuresPath) = (path.Child("bindingConditions"), path.Child("bindingFailureConditions"));
        void ValidateType(string type, FieldPath at) => errors.InvalidEach(at, type, NameRules.QualifiedName(type));
        Each(conditions, MaxConditions, conditionsPath, errors, ValidateType);
        Each(failures, MaxConditions, failuresPath, errors, ValidateType);
        var conditionsSeen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, type) in conditions.Index().Where(c => !conditionsSeen.Add(c.Item)))
        {
            errors.Duplicate(conditionsPath.Index(i), type);
        }

        var failuresSeen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, type) in failures.Index())
        {
            if (!failuresSeen.Add(type))
            {
                errors.Duplicate(failuresPath.Index(i), type);
            }

            if (conditionsSeen.Contains(type))
            {
                errors.Invalid(
                    failuresPath.Index(i), type, "bindingFailureConditions must not overlap with bindingConditions");
            }
        }

        if (conditions.Count == 0 && failures.Count > 0)
        {
            errors.Invalid(conditionsPath, null, "bindingConditions are required to use bindingFailureConditions");
        }

        if (failures.Count == 0 && conditions.Count > 0)
        {
            errors.Invalid(failuresPath, null, "bindingFailureConditions are required to use bindingConditions");
        }
    }

    public static void ValidateNodeSelector(V1NodeSelector selector, FieldPath path, FieldErrors errors) =>
        new PodSpecValidator(new V1PodSpec(), null, path, errors).NodeSelector(selector, path);

    private static void ValidateIdentifier(string identifier, FieldPath path, FieldErrors errors)
    {
        if (identifier.Length > MaxIdentifierLength)
        {
            errors.TooLong(path, MaxIdentifierLength);
        }

        errors.InvalidEach(path, identifier, NameRules.CIdentifier(identifier));
    }
}
