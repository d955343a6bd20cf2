using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Reads upstream's PodTopologySpreadArgs: how pods are spread that say nothing of it themselves.</summary>
internal static class DefaultSpreadReader
{
    private const string BySystem = "System";
    private const string ByList = "List";
    private const string Hard = "DoNotSchedule";
    private const string Soft = "ScheduleAnyway";

    public static SchedulerProfile Read(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        var type = args.Text("defaultingType") is { Length: > 0 } said ? said : BySystem;
        var nodes = args.Children("defaultConstraints");
        if (type is not (BySystem or ByList))
        {
            errors.NotSupported(path.Child("defaultingType"), type, [BySystem, ByList]);
        }
        else if (type == BySystem && nodes.Count > 0)
        {
            errors.Invalid(path.Child("defaultingType"), type, "when .defaultConstraints are not empty");
        }

        var (constraints, at) = (new List<SpreadConstraint>(), path.Child("defaultConstraints"));
        foreach (var (i, node) in nodes.Index())
        {
            var constraint = ReadConstraint(node, at.Index(i), errors);
            if (constraints.Exists(c => c.TopologyKey == constraint.TopologyKey && c.IsHard == constraint.IsHard))
            {
                errors.Duplicate(at.Index(i), $"{{{constraint.TopologyKey}, {node.Text("whenUnsatisfiable")}}}");
            }

            constraints.Add(constraint);
        }

        return type == ByList ? profile with { DefaultSpread = constraints } : profile;
    }

    private static SpreadConstraint ReadConstraint(ConfigurationNode node, FieldPath path, FieldErrors errors)
    {
        var constraint = new SpreadConstraint
        {
            TopologyKey = node.Text("topologyKey"),
            Selector = LabelSelector.Nothing,
            MaxSkew = node.Number("maxSkew"),
            MinDomains = node.MaybeNumber("minDomains") ?? 1,
            IsHard = node.Text("whenUnsatisfiable") != Soft,
            HonorsAffinity = node.Text("nodeAffinityPolicy") != "Ignore",
            HonorsTaints = node.Text("nodeTaintsPolicy") == "Honor",
        };
        if (constraint.MaxSkew <= 0)
        {
            errors.Invalid(path.Child("maxSkew"), constraint.MaxSkew, "not in valid range (0, inf)");
        }

        CheckTexts(node, constraint.TopologyKey, path, errors);
        foreach (var field in (string[])["labelSelector", "matchLabelKeys"])
        {
            if (node.Foreign(field) is not null)
            {
                errors.Forbidden(
                    path.Child(field), "constraint must not define a selector, as they deduced for each pod");
            }
        }

        return constraint;
    }

    private static void CheckTexts(ConfigurationNode node, string key, FieldPath path, FieldErrors errors)
    {
        if (key.Length == 0)
        {
            errors.Required(path.Child("topologyKey"), "can not be empty");
        }
        else
        {
            errors.InvalidEach(path.Child("topologyKey"), key, NameRules.QualifiedName(key));
        }

        switch (node.Text("whenUnsatisfiable"))
        {
            case "":
                errors.Required(path.Child("whenUnsatisfiable"), "can not be empty");
                break;
            case Hard or Soft:
                break;
            case var action:
                errors.NotSupported(path.Child("whenUnsatisfiable"), action, [Hard, Soft]);
                break;
        }
    }
}
