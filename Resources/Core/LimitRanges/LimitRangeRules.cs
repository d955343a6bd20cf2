using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.IDictionary<string, k8s.Models.ResourceQuantity>;

namespace OrleansOrchestrator.Resources.Core.LimitRanges;

/// <summary>Validation of LimitRanges: names of resources, and amounts that do not contradict each other.</summary>
internal static class LimitRangeRules
{
    private const string Pod = "Pod";
    private const string Container = "Container";
    private const string Claim = "PersistentVolumeClaim";
    private const string NotForPods = "may not be specified when `type` is 'Pod'";

    /// <summary>Above it thousandths do not fit into Go's integers, and upstream compares whole units.</summary>
    private const long MaxMilli = long.MaxValue / 1000;

    public static void Validate(V1LimitRange item, FieldErrors errors)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (item.Spec.Limits?.Count ?? 0); i++)
        {
            var path = FieldPath.Of("spec", "limits").Index(i);
            var type = item.Spec.Limits![i].Type ?? "";
            errors.InvalidEach(path.Child("type"), type, TypeComplaints(type));
            if (!types.Add(type))
            {
                errors.Duplicate(path.Child("type"), type);
            }

            Validate(item.Spec.Limits[i], type, path, errors);
        }
    }

    private static IEnumerable<string> TypeComplaints(string type) =>
        !NameRules.IsQualifiedName(type) ? NameRules.QualifiedName(type)
        : ResourceNames.IsPlain(type) && type is not (Pod or Container or Claim)
            ? ["must be a standard limit type or fully qualified"]
        : [];

    private static void Validate(V1LimitRangeItem limit, string type, FieldPath path, FieldErrors errors)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Names(limit.Max, "max");
        Names(limit.Min, "min");
        if (type == Pod)
        {
            ForbidForPods(limit.DefaultProperty, path.Child("default"), errors);
            ForbidForPods(limit.DefaultRequest, path.Child("defaultRequest"), errors);
        }
        else
        {
            Names(limit.DefaultProperty, "default");
            Names(limit.DefaultRequest, "defaultRequest");
        }

        if (type == Claim && limit.Min?.ContainsKey("storage") != true && limit.Max?.ContainsKey("storage") != true)
        {
            errors.Required(
                path.Child("limits"), "either minimum or maximum storage value is required, but neither was provided");
        }

        Names(limit.MaxLimitRequestRatio, "maxLimitRequestRatio");
        foreach (var name in names)
        {
            new LimitAmounts(limit, type == Pod, name, path, errors).Validate();
        }

        void Names(Amounts? amounts, string field)
        {
            foreach (var name in amounts?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
            {
                var complaints = type is Pod or Container
                    ? ResourceNames.ContainerComplaints(name)
                    : ResourceNames.Complaints(name);
                errors.InvalidEach(path.Child(field).Key(name), name, complaints);
                names.Add(name);
            }
        }
    }

    private static void ForbidForPods(Amounts? amounts, FieldPath path, FieldErrors errors)
    {
        if (amounts is { Count: > 0 })
        {
            errors.Forbidden(path, NotForPods);
        }
    }

    /// <summary>The amounts of one resource in one limit.</summary>
    private readonly struct LimitAmounts(
        V1LimitRangeItem limit, bool isPod, string name, FieldPath path, FieldErrors errors)
    {
        private readonly Quantity? _min = Of(limit.Min, name);
        private readonly Quantity? _max = Of(limit.Max, name);
        private readonly Quantity? _default = isPod ? null : Of(limit.DefaultProperty, name);
        private readonly Quantity? _request = isPod ? null : Of(limit.DefaultRequest, name);
        private readonly Quantity? _ratio = Of(limit.MaxLimitRequestRatio, name);

        public void Validate()
        {
            // The value that is shown is not always that of the field: upstream's slips.
            Order("min", _min, _min, "min value", _max, "max value");
            Order("defaultRequest", _request, _min, "min value", _request, "default request value");
            Order("defaultRequest", _request, _request, "default request value", _max, "max value");
            Order("defaultRequest", _request, _request, "default request value", _default, "default limit value");
            Order("default", _min, _min, "min value", _default, "default value");
            Order("default", _max, _default, "default value", _max, "max value");
            Ratio();
            if (!ResourceNames.IsOvercommitAllowed(name)
                && _default is { } standard && _request is { } request && standard != request)
            {
                errors.Invalid(
                    path.Child("defaultRequest").Key(name),
                    request.ToString(),
                    $"default value {standard} must equal to defaultRequest value {request} in {name}");
            }
        }

        private void Order(
            string field, Quantity? shown, Quantity? low, string lowName, Quantity? high, string highName)
        {
            if (low > high)
            {
                errors.Invalid(
                    path.Child(field).Key(name),
                    shown.ToString(),
                    $"{lowName} {low} is greater than {highName} {high}");
            }
        }

        private void Ratio()
        {
            if (_ratio is not { } ratio)
            {
                return;
            }

            var at = path.Child("maxLimitRequestRatio").Key(name);
            if (ratio < Quantity.Parse("1"))
            {
                errors.Invalid(at, ratio.ToString(), $"ratio {ratio} is less than 1");
            }

            if (_min is { } min && _max is { } max && RatioLimit(ratio, min, max) is var (value, most) && value > most)
            {
                var shown = double.IsFinite(most) ? most.ToString("F6", CultureInfo.InvariantCulture)
                    : most > 0 ? "+Inf" : "-Inf";
                errors.Invalid(at, ratio.ToString(), $"ratio {ratio} is greater than max/min = {shown}");
            }
        }

        private static (double Ratio, double Most) RatioLimit(Quantity ratio, Quantity min, Quantity max) =>
            ratio.Value < MaxMilli && min.Value < MaxMilli && max.Value < MaxMilli
                ? (ratio.MilliValue / 1000.0, (double)max.MilliValue / min.MilliValue)
                : (ratio.Value, (double)max.Value / min.Value);

        private static Quantity? Of(Amounts? amounts, string name) =>
            amounts?.TryGetValue(name, out var amount) == true ? Quantity.Of(amount) : null;
    }
}
