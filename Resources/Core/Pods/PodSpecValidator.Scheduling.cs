using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Where the pod may run: gates, tolerations, affinity, spreading.</content>
internal sealed partial class PodSpecValidator
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    private const string NotAnOperator = "not a valid selector operator";
    private const string NoSelector = "must not be specified when labelSelector is not set";

    private void ReadinessGates()
    {
        for (var i = 0; i < (_spec.ReadinessGates?.Count ?? 0); i++)
        {
            var type = _spec.ReadinessGates![i].ConditionType ?? "";
            Qualified(type, _path.Child("readinessGates").Index(i).Child("conditionType"));
        }
    }

    private void SchedulingGates()
    {
        if (_spec.SchedulingGates is not { } gates)
        {
            return;
        }

        var path = _path.Child("schedulingGates");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < gates.Count; i++)
        {
            var name = gates[i].Name ?? "";
            Qualified(name, path.Index(i));
            if (!seen.Add(name))
            {
                _errors.Duplicate(path.Index(i), name);
            }
        }
    }

    private void Qualified(string value, FieldPath path)
    {
        if (!NameRules.IsQualifiedName(value))
        {
            _errors.InvalidEach(path, value, NameRules.QualifiedName(value));
        }
    }

    private void Tolerations()
    {
        if (_spec.Tolerations is { Count: > 0 } tolerations)
        {
            Tolerations(tolerations, _path.Child("tolerations"), _errors);
        }
    }

    /// <summary>The rules of tolerations.</summary>
    public static void Tolerations(IList<V1Toleration> tolerations, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < tolerations.Count; i++)
        {
            var toleration = tolerations[i];
            var key = toleration.Key ?? "";
            if (key.Length > 0 && !NameRules.IsQualifiedName(key))
            {
                errors.InvalidEach(path.Index(i).Child("key"), key, NameRules.QualifiedName(key));
            }

            if (key.Length == 0 && toleration.OperatorProperty != "Exists")
            {
                errors.Invalid(
                    path.Index(i).Child("operator"),
                    toleration.OperatorProperty ?? "",
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            }

            if (toleration.TolerationSeconds is not null && toleration.Effect != "NoExecute")
            {
                errors.Invalid(
                    path.Index(i).Child("effect"), toleration.Effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }

            TolerationOperator(toleration, path, i, errors);
            if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect is not ("NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                errors.NotSupported(
                    path.Index(i).Child("effect"), toleration.Effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]);
            }
        }
    }

    private static void TolerationOperator(V1Toleration toleration, FieldPath path, int index, FieldErrors errors)
    {
        var value = toleration.Value ?? "";
        switch (toleration.OperatorProperty)
        {
            case null or "" or "Equal":
                if (!NameRules.IsLabelValue(value))
                {
                    errors.Invalid(
                        path.Index(index).Child("operator"), value, string.Join(';', NameRules.LabelValue(value)));
                }

                break;
            case "Exists":
                if (value.Length > 0)
                {
                    errors.Invalid(
                        path.Index(index).Child("operator"), value, "value must be empty when `operator` is 'Exists'");
                }

                break;
            case "Lt" or "Gt":
                errors.NotSupported(
                    path.Index(index).Child("operator"), toleration.OperatorProperty, ["Equal", "Exists", "Lt", "Gt"]);
                break;
            default:
                errors.NotSupported(
                    path.Index(index).Child("operator"), toleration.OperatorProperty, ["Equal", "Exists"]);
                break;
        }
    }

    private void Affinity()
    {
        if (_spec.Affinity is not { } affinity)
        {
            return;
        }

        var path = _path.Child("affinity");
        if (affinity.NodeAffinity is { } node)
        {
            NodeAffinity(node, path.Child("nodeAffinity"));
        }

        if (affinity.PodAffinity is { } pod)
        {
            PodTerms(pod.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity", Required));
            WeightedTerms(pod.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity", Preferred));
        }

        if (affinity.PodAntiAffinity is { } anti)
        {
            PodTerms(anti.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity", Required));
            WeightedTerms(
                anti.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity", Preferred));
        }
    }

    private void NodeAffinity(V1NodeAffinity affinity, FieldPath path)
    {
        if (affinity.RequiredDuringSchedulingIgnoredDuringExecution is { } required)
        {
            NodeSelector(required, path.Child(Required));
        }

        var preferred = affinity.PreferredDuringSchedulingIgnoredDuringExecution;
        for (var i = 0; i < (preferred?.Count ?? 0); i++)
        {
            var at = path.Child(Preferred).Index(i);
            Weight(preferred![i].Weight, at);
            NodeTerm(preferred[i].Preference, at.Child("preference"), checkValues: false);
        }
    }

    private void Weight(int weight, FieldPath path)
    {
        if (weight is <= 0 or > 100)
        {
            _errors.Invalid(path.Child("weight"), weight, "must be in the range 1-100");
        }
    }

    internal void NodeSelector(V1NodeSelector selector, FieldPath parent)
    {
        var path = parent.Child("nodeSelectorTerms");
        if (selector.NodeSelectorTerms is not { Count: > 0 } terms)
        {
            _errors.Required(path, "must have at least one node selector term");
            return;
        }

        for (var i = 0; i < terms.Count; i++)
        {
            NodeTerm(terms[i], path.Index(i), checkValues: true);
        }
    }

    private void NodeTerm(V1NodeSelectorTerm? term, FieldPath path, bool checkValues)
    {
        for (var i = 0; i < (term?.MatchExpressions?.Count ?? 0); i++)
        {
            NodeRequirement(term!.MatchExpressions![i], path.Child("matchExpressions").Index(i), checkValues);
        }

        for (var i = 0; i < (term?.MatchFields?.Count ?? 0); i++)
        {
            NodeField(term!.MatchFields![i], path.Child("matchFields").Index(i));
        }
    }

    private void NodeRequirement(V1NodeSelectorRequirement requirement, FieldPath path, bool checkValues)
    {
        var count = requirement.Values?.Count ?? 0;
        switch (requirement.OperatorProperty)
        {
            case "In" or "NotIn" when count == 0:
                _errors.Required(path.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when count > 0:
                _errors.Forbidden(
                    path.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when count != 1:
                _errors.Required(
                    path.Child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt":
                break;
            default:
                _errors.Invalid(path.Child("operator"), requirement.OperatorProperty ?? "", NotAnOperator);
                break;
        }

        Qualified(requirement.Key ?? "", path.Child("key"));
        for (var i = 0; checkValues && i < count; i++)
        {
            var value = requirement.Values![i];
            if (!NameRules.IsLabelValue(value))
            {
                _errors.InvalidEach(path.Child("values").Index(i), value, NameRules.LabelValue(value));
            }
        }
    }

    private void NodeField(V1NodeSelectorRequirement requirement, FieldPath path)
    {
        var values = requirement.Values ?? [];
        if (requirement.OperatorProperty is not ("In" or "NotIn"))
        {
            _errors.Invalid(path.Child("operator"), requirement.OperatorProperty ?? "", NotAnOperator);
        }
        else if (values.Count != 1)
        {
            _errors.Required(
                path.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        if (requirement.Key != "metadata.name")
        {
            _errors.Invalid(path.Child("key"), requirement.Key ?? "", "not a valid field selector key");
            return;
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (!NameChecks.IsDnsSubdomain(values[i]))
            {
                _errors.InvalidEach(path.Child("values").Index(i), values[i], NameRules.DnsSubdomain(values[i]));
            }
        }
    }

    private void PodTerms(IList<V1PodAffinityTerm>? terms, FieldPath path)
    {
        for (var i = 0; i < (terms?.Count ?? 0); i++)
        {
            PodTerm(terms![i], path.Index(i));
        }
    }

    private void WeightedTerms(IList<V1WeightedPodAffinityTerm>? terms, FieldPath path)
    {
        for (var i = 0; i < (terms?.Count ?? 0); i++)
        {
            Weight(terms![i].Weight, path.Index(i));
            PodTerm(terms[i].PodAffinityTerm ?? new(), path.Index(i).Child("podAffinityTerm"));
        }
    }

    private void PodTerm(V1PodAffinityTerm term, FieldPath path)
    {
        LabelSelectorRules.Validate(term.LabelSelector, path.Child("labelSelector"), _errors);
        LabelSelectorRules.Validate(term.NamespaceSelector, path.Child("namespaceSelector"), _errors);
        foreach (var name in term.Namespaces ?? [])
        {
            if (!NameChecks.IsDnsLabel(name))
            {
                _errors.InvalidEach(path.Child("namespace"), name, NameRules.DnsLabel(name));
            }
        }

        LabelKeys(path, term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector);
        if (string.IsNullOrEmpty(term.TopologyKey))
        {
            _errors.Required(path.Child("topologyKey"), "can not be empty");
        }

        Qualified(term.TopologyKey ?? "", path.Child("topologyKey"));
    }

    private void LabelKeys(FieldPath path, IList<string>? match, IList<string>? mismatch, V1LabelSelector? selector)
    {
        LabelKeyNames(match, selector, path.Child("matchLabelKeys"));
        LabelKeyNames(mismatch, selector, path.Child("mismatchLabelKeys"));
        if (match is null)
        {
            return;
        }

        var lastAt = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < match.Count; i++)
        {
            lastAt[match[i]] = i;
        }

        var used = new HashSet<string>(selector?.MatchLabels?.Keys ?? [], StringComparer.Ordinal);
        foreach (var key in (selector?.MatchExpressions ?? []).Select(e => e.Key ?? ""))
        {
            if (!used.Add(key) && lastAt.TryGetValue(key, out var index))
            {
                _errors.Invalid(path.Index(index), key, "exists in both matchLabelKeys and labelSelector");
            }
        }

        var excluded = mismatch?.ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < match.Count; i++)
        {
            if (excluded?.Contains(match[i]) == true)
            {
                _errors.Invalid(
                    path.Child("matchLabelKeys").Index(i), match[i], "exists in both matchLabelKeys and mismatchLabelKeys");
            }
        }
    }

    private void LabelKeyNames(IList<string>? keys, V1LabelSelector? selector, FieldPath path)
    {
        if (keys is not { Count: > 0 })
        {
            return;
        }

        if (selector is null)
        {
            _errors.Forbidden(path, NoSelector);
            return;
        }

        for (var i = 0; i < keys.Count; i++)
        {
            Qualified(keys[i], path.Index(i));
        }
    }

    private void TopologySpread()
    {
        if (_spec.TopologySpreadConstraints is not { } constraints)
        {
            return;
        }

        var path = _path.Child("topologySpreadConstraints");
        var lastAt = new Dictionary<(string?, string), int>();
        for (var i = 0; i < constraints.Count; i++)
        {
            lastAt[(constraints[i].TopologyKey, constraints[i].WhenUnsatisfiable ?? "")] = i;
        }

        for (var i = 0; i < constraints.Count; i++)
        {
            var isRepeated = lastAt[(constraints[i].TopologyKey, constraints[i].WhenUnsatisfiable ?? "")] > i;
            SpreadConstraint(constraints[i], isRepeated, path.Index(i));
        }
    }

    /// <summary>One constraint; a pair of key and action is reported wherever a later constraint repeats it.</summary>
    private void SpreadConstraint(V1TopologySpreadConstraint constraint, bool isRepeated, FieldPath path)
    {
        var when = constraint.WhenUnsatisfiable ?? "";
        if (constraint.MaxSkew <= 0)
        {
            _errors.Invalid(path.Child("maxSkew"), constraint.MaxSkew, "must be greater than zero");
        }

        if (string.IsNullOrEmpty(constraint.TopologyKey))
        {
            _errors.Required(path.Child("topologyKey"), "can not be empty");
        }

        if (when is not ("DoNotSchedule" or "ScheduleAnyway"))
        {
            _errors.NotSupported(path.Child("whenUnsatisfiable"), when, ["DoNotSchedule", "ScheduleAnyway"]);
        }

        if (isRepeated)
        {
            _errors.Duplicate(path.Child("{topologyKey, whenUnsatisfiable}"), $"{{{constraint.TopologyKey}, {when}}}");
        }

        MinDomains(constraint, path.Child("minDomains"));
        InclusionPolicy(constraint.NodeAffinityPolicy, path, "nodeAffinityPolicy");
        InclusionPolicy(constraint.NodeTaintsPolicy, path, "nodeTaintsPolicy");
        LabelKeys(path, constraint.MatchLabelKeys, null, constraint.LabelSelector);
        LabelSelectorRules.Validate(constraint.LabelSelector, path.Child("labelSelector"), _errors);
    }

    private void MinDomains(V1TopologySpreadConstraint constraint, FieldPath path)
    {
        if (constraint.MinDomains is not { } domains)
        {
            return;
        }

        if (domains <= 0)
        {
            _errors.Invalid(path, domains, "must be greater than zero");
        }

        if (constraint.WhenUnsatisfiable != "DoNotSchedule")
        {
            _errors.Invalid(
                path,
                domains,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.WhenUnsatisfiable}"));
        }
    }

    private void InclusionPolicy(string? policy, FieldPath parent, string field)
    {
        if (policy is not (null or "Honor" or "Ignore"))
        {
            _errors.NotSupported(parent.Child(field), policy, ["Honor", "Ignore"]);
        }
    }
}
