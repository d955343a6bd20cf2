using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Slices;

/// <summary>Validation of a device's capacity, and of how much of it one request may take.</summary>
internal static class CapacityRules
{
    private const int MaxValues = 10;

    public static void Validate(V1DeviceCapacity capacity, bool isShared, FieldPath path, FieldErrors errors)
    {
        if (capacity.RequestPolicy is not { } policy)
        {
            return;
        }

        var policyPath = path.Child("requestPolicy");
        var hasValues = policy.ValidValues is { Count: > 0 };
        if (!isShared)
        {
            errors.Forbidden(policyPath, "allowMultipleAllocations must be true");
        }
        else if (hasValues && policy.ValidRange is not null)
        {
            errors.Forbidden(
                policyPath,
                "exactly one policy can be specified, cannot specify \"validValues\" and " +
                "\"validRange\" at the same time");
        }
        else if (policy.DefaultProperty is null && (hasValues || policy.ValidRange is not null))
        {
            errors.Required(
                policyPath.Child("default"), $"required when {(hasValues ? "validValues" : "validRange")} is defined");
        }
        else if (hasValues)
        {
            ValidateValues(
                Read(capacity.Value), Read(policy.DefaultProperty), policy, policyPath.Child("validValues"), errors);
        }
        else if (policy.ValidRange is { } range)
        {
            ValidateRange(
                Read(capacity.Value), Read(policy.DefaultProperty), range, policyPath.Child("validRange"), errors);
        }
    }

    private static void ValidateValues(
        Quantity capacity, Quantity standard, V1CapacityRequestPolicy policy, FieldPath path, FieldErrors errors)
    {
        var values = policy.ValidValues.Select(Read).ToList();
        for (var i = 1; i < values.Count; i++)
        {
            if (values[i - 1] > values[i])
            {
                errors.Invalid(path.Index(i), values[i].ToString(), "values must be sorted in ascending order");
            }
        }

        DeviceRules.EachOnce(
            values, MaxValues, v => v.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), path, errors,
            (value, at) =>
            {
                if (value > capacity)
                {
                    errors.Invalid(at, value.ToString(), $"option is larger than capacity value: {capacity}");
                }
            });
        if (!values.Contains(standard))
        {
            errors.Invalid(path, standard.ToString(), "default value is not valid according to the requestPolicy");
        }
    }

    private static void ValidateRange(
        Quantity capacity, Quantity standard, V1CapacityRequestPolicyRange range, FieldPath path, FieldErrors errors)
    {
        if (range.Min is null)
        {
            errors.Required(path.Child("min"), "required when validRange is defined");
            return;
        }

        var min = Read(range.Min);
        Refuse(min > capacity, path.Child("min"), min, $"min is larger than capacity value: {capacity}", errors);
        Refuse(standard < min, path.Child("min"), standard, $"default is less than min: {min}", errors);
        if (range.Max is not null)
        {
            var max = Read(range.Max);
            Refuse(min > max, path.Child("max"), min, $"min is larger than max: {max}", errors);
            Refuse(max > capacity, path.Child("max"), max, $"max is larger than capacity value: {capacity}", errors);
            Refuse(standard > max, path.Child("max"), standard, $"default is more than max: {max}", errors);
        }

        if (range.Step is null)
        {
            return;
        }

        var (step, stepPath) = (Read(range.Step), path.Child("step"));
        if (step.Sign <= 0)
        {
            errors.Invalid(stepPath, step.ToString(), "must be greater than zero");
            return;
        }

        var first = min + step;
        Refuse(first > capacity, stepPath, step, $"one step {first} is larger than capacity value: {capacity}", errors);
        foreach (var value in (Quantity[])(range.Max is null ? [standard] : [standard, Read(range.Max)]))
        {
            Refuse(
                (value.Value - min.Value) % step.Value != 0, stepPath, value,
                $"value is not a multiple of a given step ({step}) from ({min})", errors);
        }
    }

    private static void Refuse(bool isWrong, FieldPath path, Quantity value, string why, FieldErrors errors)
    {
        if (isWrong)
        {
            errors.Invalid(path, value.ToString(), why);
        }
    }

    private static Quantity Read(ResourceQuantity? value) => Quantity.Parse(value?.ToString() ?? "0");
}
