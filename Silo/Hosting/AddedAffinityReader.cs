using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Reads upstream's NodeAffinityArgs: what holds of nodes for all pods, beside what they say themselves.
/// </summary>
internal static class AddedAffinityReader
{
    private const string Name = "metadata.name";

    /// <summary>In the order in which a refusal names them.</summary>
    private static readonly OrderedDictionary<string, LabelOperator> LabelOperators = new(StringComparer.Ordinal)
    {
        ["In"] = LabelOperator.In, ["NotIn"] = LabelOperator.NotIn, ["Exists"] = LabelOperator.Exists,
        ["DoesNotExist"] = LabelOperator.DoesNotExist, ["Gt"] = LabelOperator.GreaterThan, ["Lt"] = LabelOperator.LessThan,
    };

    private static readonly string[] FieldOperators = ["In", "NotIn"];

    public static SchedulerProfile Read(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution";
        const string preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        var (affinity, at) = (args.Child("addedAffinity"), path.Child("addedAffinity"));
        var terms = affinity.Child(required).Children("nodeSelectorTerms").Select(
            (t, i) => ReadTerm(t, at.Child(required, "nodeSelectorTerms").Index(i), errors));
        var preferences = affinity.Children(preferred).Select((p, i) => new PreferredTerm(
            p.Number("weight"), ReadTerm(p.Child("preference"), at.Child(preferred).Index(i), errors)));
        return profile with
        {
            AddedRequired = affinity.Has(required) ? new NodeSelection([], [.. terms]) : null,
            AddedPreferred = [.. preferences.Where(static p => p.Weight != 0)],
        };
    }

    private static NodeSelectorTerm ReadTerm(ConfigurationNode node, FieldPath path, FieldErrors errors) => new(
        Requirements(node, "matchExpressions", path, errors, CheckLabel),
        Requirements(node, "matchFields", path, errors, CheckField));

    private static NodeRequirement[] Requirements(
        ConfigurationNode node, string field, FieldPath path, FieldErrors errors,
        Action<string, string, IReadOnlyList<string>, FieldPath, FieldErrors> check)
    {
        var all = new List<NodeRequirement>();
        foreach (var (i, item) in node.Children(field).Index())
        {
            var (key, text, values) = (item.Text("key"), item.Text("operator"), item.Texts("values"));
            check(key, text, values, path.Child(field).Index(i), errors);
            all.Add(new NodeRequirement(
                key, Enum.TryParse<NodeOperator>(text, out var known) ? known : NodeOperator.Invalid, [.. values]));
        }

        return [.. all];
    }

    private static void CheckField(
        string key, string text, IReadOnlyList<string> values, FieldPath path, FieldErrors errors)
    {
        if (!FieldOperators.Contains(text))
        {
            errors.NotSupported(path.Child("operator"), text, FieldOperators);
        }
        else if (values.Count != 1)
        {
            errors.Invalid(path.Child("values"), values, "must have one element");
        }

        if (key != Name)
        {
            errors.NotSupported(path.Child("key"), key, [Name]);
        }
    }

    private static void CheckLabel(
        string key, string text, IReadOnlyList<string> values, FieldPath path, FieldErrors errors)
    {
        if (!LabelOperators.TryGetValue(text, out var operation))
        {
            errors.NotSupported(path.Child("operator"), text, LabelOperators.Keys);
            return;
        }

        LabelRequirementRules.CheckKey(path.Child("key"), key, errors);
        LabelRequirementRules.CheckValues(path.Child("values"), key, operation, values, errors);
    }
}
