using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>
/// A pod's spec is immutable but for a few fields. What may change is set back in a copy; if the copy still differs
/// from the old spec, the answer shows the difference.
/// </summary>
internal static class PodUpdateRules
{
    private const string Updatable =
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
        "`spec.tolerations` (only additions to existing tolerations)," +
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static void Validate(V1Pod pod, V1Pod old, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        ValidateAgain(pod, old, path, errors);
        if (!ValidateContainers(pod.Spec.Containers, old.Spec.Containers, path.Child("containers"), errors)
            || !ValidateContainers(
                pod.Spec.InitContainers, old.Spec.InitContainers, path.Child("initContainers"), errors)
            || !ValidateDeadline(pod.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds, path, errors))
        {
            return;
        }

        ValidateTolerations(pod.Spec.Tolerations ?? [], old.Spec.Tolerations ?? [], path.Child("tolerations"), errors);
        ValidateGates(
            pod.Spec.SchedulingGates ?? [], old.Spec.SchedulingGates ?? [], path.Child("schedulingGates"), errors);
        if (ModelShape.SemanticEquals(pod.Spec, old.Spec))
        {
            return;
        }

        var munged = WithoutAllowedChanges(pod.Spec, old.Spec);
        if (old.Spec.SchedulingGates is { Count: > 0 })
        {
            GatedPodRules.Apply(munged, old.Spec, path, errors);
        }

        if (!ModelShape.SemanticEquals(munged, old.Spec))
        {
            var difference = new UnifiedDiff().Compare(InternalForm.Indented(old.Spec), InternalForm.Indented(munged));
            errors.Forbidden(path, $"pod updates may not change fields other than {Updatable}\n{difference}");
        }
    }

    /// <summary>Ephemeral containers are only ever added.</summary>
    public static void ValidateEphemeralContainers(V1Pod pod, V1Pod old, FieldErrors errors)
    {
        if (old.Metadata.Annotations?.ContainsKey(PodAnnotations.Mirror) == true)
        {
            errors.Forbidden(FieldPath.Of(""), "static pods do not support ephemeral containers");
            return;
        }

        ValidateAgain(pod, old, FieldPath.Of("spec"), errors);
        var path = FieldPath.Of("spec", "ephemeralContainers");
        var byName = new Dictionary<string, V1EphemeralContainer>(StringComparer.Ordinal);
        foreach (var container in pod.Spec.EphemeralContainers ?? [])
        {
            byName[container.Name ?? ""] = container;
        }

        var diff = new UnifiedDiff();
        foreach (var container in old.Spec.EphemeralContainers ?? [])
        {
            var name = container.Name ?? "";
            if (!byName.TryGetValue(name, out var next))
            {
                errors.Forbidden(
                    path, $"existing ephemeral containers {GoText.Quote(name)} may not be removed\n");
            }
            else if (!ModelShape.SemanticEquals(container, next))
            {
                var difference = diff.Compare(InternalForm.Indented(container), InternalForm.Indented(next));
                errors.Forbidden(
                    path,
                    $"existing ephemeral containers {GoText.Quote(name)} may not be changed\n{difference}");
            }
        }
    }

    /// <summary>An updated pod must be as good as a new one.</summary>
    public static void ValidateAgain(V1Pod pod, V1Pod old, FieldPath path, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(
            pod.Metadata, true, static (name, isPrefix) => NameRules.DnsSubdomain(name, isPrefix), errors);
        PodRules.ValidateContent(pod, path, errors);
        PodAnnotationRules.ValidateUpdate(pod, old, FieldPath.Of("metadata", "annotations"), errors);
    }

    private static bool ValidateContainers(
        IList<V1Container>? next, IList<V1Container>? old, FieldPath path, FieldErrors errors)
    {
        if ((next?.Count ?? 0) != (old?.Count ?? 0))
        {
            errors.Forbidden(path, "pod updates may not add or remove containers");
            return false;
        }

        for (var i = 0; i < (next?.Count ?? 0); i++)
        {
            var image = next![i].Image ?? "";
            if (image.Length == 0)
            {
                errors.Required(path.Index(i).Child("image"));
            }

            if (image.Trim().Length != image.Length)
            {
                errors.Invalid(path.Index(i).Child("image"), image, "must not have leading or trailing whitespace");
            }
        }

        return true;
    }

    private static bool ValidateDeadline(long? next, long? old, FieldPath parent, FieldErrors errors)
    {
        var path = parent.Child("activeDeadlineSeconds");
        if (next is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, next, NameRules.InclusiveRange(0, int.MaxValue));
            return false;
        }

        if (next is null && old is not null)
        {
            errors.Invalid(path, null, "must not update from a positive integer to nil value");
        }
        else if (old < next)
        {
            errors.Invalid(path, next, "must be less than or equal to previous value");
            return false;
        }

        return true;
    }

    private static void ValidateTolerations(
        IList<V1Toleration> next, IList<V1Toleration> old, FieldPath path, FieldErrors errors)
    {
        var kept = next.Select(WithoutSeconds).ToHashSet();
        if (!old.Select(WithoutSeconds).All(kept.Contains))
        {
            errors.Forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
            return;
        }

        PodSpecValidator.Tolerations(next, path, errors);
    }

    private static (string?, string?, string?, string?) WithoutSeconds(V1Toleration toleration) =>
        (toleration.Key, toleration.OperatorProperty, toleration.Value, toleration.Effect);

    private static void ValidateGates(
        IList<V1PodSchedulingGate> next, IList<V1PodSchedulingGate> old, FieldPath path, FieldErrors errors)
    {
        if (next.Count == 0)
        {
            return;
        }

        var known = old.Select(g => g.Name ?? "").ToHashSet(StringComparer.Ordinal);
        var lastAt = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < next.Count; i++)
        {
            lastAt[next[i].Name ?? ""] = i;
        }

        for (var i = 0; i < next.Count; i++)
        {
            var name = next[i].Name ?? "";
            if (lastAt[name] == i && !known.Contains(name))
            {
                errors.Forbidden(
                    path.Index(i).Child("name"), $"only deletion is allowed, but found new scheduling gate '{name}'");
            }
        }
    }

    private static V1PodSpec WithoutAllowedChanges(V1PodSpec next, V1PodSpec old)
    {
        var munged = PodCopies.Of(next);
        munged.Containers = WithImages(next.Containers, old.Containers);
        munged.InitContainers = WithImages(next.InitContainers, old.InitContainers);
        munged.ActiveDeadlineSeconds = old.ActiveDeadlineSeconds;
        munged.SchedulingGates = old.SchedulingGates;
        munged.Tolerations = old.Tolerations;
        if (old.TerminationGracePeriodSeconds < 0 && next.TerminationGracePeriodSeconds == 1)
        {
            munged.TerminationGracePeriodSeconds = old.TerminationGracePeriodSeconds;
        }

        return munged;
    }

    private static IList<V1Container>? WithImages(IList<V1Container>? next, IList<V1Container>? old)
    {
        if (next is null || old is null)
        {
            return next;
        }

        return [.. next.Zip(old, (container, previous) =>
        {
            var copy = PodCopies.Of(container);
            copy.Image = previous.Image;
            return copy;
        })];
    }
}

/// <summary>A pod that still waits for its gates may be narrowed to fewer nodes.</summary>
internal static class GatedPodRules
{
    /// <summary>Sets back in <paramref name="munged"/> what may change, and tells what may not.</summary>
    public static void Apply(V1PodSpec munged, V1PodSpec old, FieldPath path, FieldErrors errors)
    {
        foreach (var (key, value) in old.NodeSelector ?? new Dictionary<string, string>())
        {
            if (munged.NodeSelector?.TryGetValue(key, out var now) != true || now != value)
            {
                errors.Invalid(
                    path.Child("nodeSelector"),
                    InternalForm.Shown(munged.NodeSelector),
                    "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
                break;
            }
        }

        munged.NodeSelector = old.NodeSelector;
        var (oldAffinity, next) = (old.Affinity?.NodeAffinity, munged.Affinity?.NodeAffinity);
        if (ModelShape.SemanticEquals(oldAffinity, next))
        {
            return;
        }

        Terms(
            next,
            oldAffinity,
            path.Child("affinity", "nodeAffinity").Child("requiredDuringSchedulingIgnoredDuringExecution"),
            errors);
        SetBack(munged, old, oldAffinity);
    }

    private static void SetBack(V1PodSpec munged, V1PodSpec old, V1NodeAffinity? oldAffinity)
    {
        if (munged.Affinity is null)
        {
            munged.Affinity = oldAffinity is null ? null : new V1Affinity { NodeAffinity = oldAffinity };
        }
        else if (old.Affinity is null && munged.Affinity is { PodAffinity: null, PodAntiAffinity: null })
        {
            munged.Affinity = null;
        }
        else
        {
            munged.Affinity = PodCopies.Of(munged.Affinity);
            munged.Affinity.NodeAffinity = oldAffinity;
        }
    }

    private static void Terms(V1NodeAffinity? next, V1NodeAffinity? old, FieldPath parent, FieldErrors errors)
    {
        if (old?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms is not { Count: > 0 } oldTerms)
        {
            return;
        }

        var path = parent.Child("nodeSelectorTerms");
        var terms = next?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? [];
        if (terms.Count != oldTerms.Count)
        {
            var shown = terms.Count == 0 ? "null" : $"[{string.Join(',', terms.Select(InternalForm.Compact))}]";
            errors.Invalid(
                path, new RawJson(shown), "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }

        for (var i = 0; i < terms.Count; i++)
        {
            if (!HasOnlyAdditions(terms[i], oldTerms[i]))
            {
                errors.Invalid(
                    path.Index(i), new RawJson(InternalForm.Compact(terms[i])), "only additions are allowed (no mutations or deletions)");
            }
        }
    }

    private static bool HasOnlyAdditions(V1NodeSelectorTerm next, V1NodeSelectorTerm old)
    {
        var wasEmpty = old.MatchExpressions is not { Count: > 0 } && old.MatchFields is not { Count: > 0 };
        var isEmpty = next.MatchExpressions is not { Count: > 0 } && next.MatchFields is not { Count: > 0 };
        return (!wasEmpty || isEmpty)
            && Begins(next.MatchExpressions, old.MatchExpressions)
            && Begins(next.MatchFields, old.MatchFields);
    }

    private static bool Begins(IList<V1NodeSelectorRequirement>? next, IList<V1NodeSelectorRequirement>? old) =>
        (next?.Count ?? 0) >= (old?.Count ?? 0) && (old ?? []).Zip(next ?? []).All(
            p => ModelShape.SemanticEquals(p.First, p.Second));
}
