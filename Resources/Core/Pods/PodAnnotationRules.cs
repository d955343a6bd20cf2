using System.Text.Json;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>
/// Rules of annotations that mean something for pods, alone and together with the fields that replaced them.
/// </summary>
internal static class PodAnnotationRules
{
    private const string SeccompMismatch = "seccomp type in annotation and field must match";
    private const string AppArmorMismatch = "apparmor type in annotation and field must match";
    private const string LocalhostPrefix = "localhost/";

    public static void Validate(
        IDictionary<string, string>? annotations, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (annotations is not { Count: > 0 })
        {
            return;
        }

        if (annotations.TryGetValue(PodAnnotations.Mirror, out var mirror) && string.IsNullOrEmpty(spec.NodeName))
        {
            errors.Invalid(
                path.Key(PodAnnotations.Mirror), mirror, "must set spec.nodeName if mirror pod annotation is set");
        }

        if (annotations.TryGetValue(PodAnnotations.Tolerations, out var tolerations) && tolerations.Length > 0)
        {
            Tolerations(tolerations, path, errors);
        }

        if (annotations.TryGetValue(PodAnnotations.DeletionCost, out var cost)
            && PodAnnotations.ReadDeletionCost(cost) is null)
        {
            errors.Invalid(path.Key(PodAnnotations.DeletionCost), cost, "must be a 32bit integer");
        }

        Seccomp(annotations, path, errors);
        AppArmor(annotations, spec, path, errors);
    }

    /// <summary>On creation an annotation and its field may not contradict each other.</summary>
    public static void ValidateAgainstFields(V1ObjectMeta metadata, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (metadata.Annotations is not { Count: > 0 } annotations)
        {
            return;
        }

        if (spec.SecurityContext?.SeccompProfile is { } podProfile
            && annotations.TryGetValue(PodAnnotations.SeccompPod, out var podValue))
        {
            SeccompMatch(podValue, podProfile, path.Child("securityContext", "seccompProfile"), errors);
        }

        foreach (var container in PodContainers.All(spec, path))
        {
            if (container.SecurityContext?.SeccompProfile is { } profile
                && annotations.TryGetValue(PodAnnotations.SeccompContainerPrefix + container.Name, out var value))
            {
                SeccompMatch(value, profile, container.Path.Child("securityContext", "seccompProfile"), errors);
            }
        }

        if (spec.Os?.Name == "windows")
        {
            return;
        }

        foreach (var container in PodContainers.All(spec, path))
        {
            if ((container.SecurityContext?.AppArmorProfile ?? spec.SecurityContext?.AppArmorProfile) is { } profile
                && annotations.TryGetValue(PodAnnotations.AppArmorPrefix + container.Name, out var value))
            {
                AppArmorMatch(value, profile, container.Path.Child("securityContext", "appArmorProfile"), errors);
            }
        }
    }

    /// <summary>Some annotations are fixed once the pod exists.</summary>
    public static void ValidateUpdate(V1Pod pod, V1Pod old, FieldPath path, FieldErrors errors)
    {
        var (next, previous) = (pod.Metadata.Annotations, old.Metadata.Annotations);
        foreach (var (key, value) in previous ?? new Dictionary<string, string>())
        {
            if (next?.TryGetValue(key, out var now) != true || now != value)
            {
                ForbidChange(
                    key,
                    path,
                    errors,
                    "may not remove or update AppArmor annotations",
                    "may not remove or update mirror pod annotation");
            }
        }

        foreach (var key in next?.Keys ?? [])
        {
            if (previous?.ContainsKey(key) != true)
            {
                ForbidChange(
                    key, path, errors, "may not add AppArmor annotations", "may not add mirror pod annotation");
            }
        }

        Validate(next, pod.Spec, path, errors);
    }

    /// <summary>The profile that an old AppArmor annotation means; null when it means none that is valid.</summary>
    public static V1AppArmorProfile? AppArmorField(string annotation)
    {
        if (annotation == "runtime/default")
        {
            return new V1AppArmorProfile { Type = "RuntimeDefault" };
        }

        if (annotation == "unconfined")
        {
            return new V1AppArmorProfile { Type = "Unconfined" };
        }

        if (!annotation.StartsWith(LocalhostPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var profile = new V1AppArmorProfile
        {
            Type = "Localhost", LocalhostProfile = annotation[LocalhostPrefix.Length..],
        };
        var errors = new FieldErrors();
        PodSpecValidator.AppArmorProfile(profile, FieldPath.Of(""), errors);
        return errors.Count == 0 ? profile : null;
    }

    private static void ForbidChange(string key, FieldPath path, FieldErrors errors, string appArmor, string mirror)
    {
        if (key.StartsWith(PodAnnotations.AppArmorPrefix, StringComparison.Ordinal))
        {
            errors.Forbidden(path.Key(key), appArmor);
        }

        if (key == PodAnnotations.Mirror)
        {
            errors.Forbidden(path.Key(key), mirror);
        }
    }

    private static void Tolerations(string json, FieldPath path, FieldErrors errors)
    {
        try
        {
            var tolerations = KubernetesJson.Deserialize<List<V1Toleration>>(json);
            PodSpecValidator.Tolerations(tolerations ?? [], path.Child(PodAnnotations.Tolerations), errors);
        }
        catch (JsonException exception)
        {
            errors.Invalid(path, PodAnnotations.Tolerations, exception.Message);
        }
    }

    private static void Seccomp(IDictionary<string, string> annotations, FieldPath path, FieldErrors errors)
    {
        if (annotations.TryGetValue(PodAnnotations.SeccompPod, out var ofPod))
        {
            SeccompValue(ofPod, path.Child(PodAnnotations.SeccompPod), errors);
        }

        foreach (var (key, value) in annotations)
        {
            if (key.StartsWith(PodAnnotations.SeccompContainerPrefix, StringComparison.Ordinal))
            {
                SeccompValue(value, path.Child(key), errors);
            }
        }
    }

    private static void SeccompValue(string value, FieldPath path, FieldErrors errors)
    {
        if (value is "runtime/default" or "docker/default" or "unconfined")
        {
            return;
        }

        if (!value.StartsWith(LocalhostPrefix, StringComparison.Ordinal))
        {
            errors.Invalid(path, value, "must be a valid seccomp profile");
            return;
        }

        var profile = value[LocalhostPrefix.Length..];
        if (profile.StartsWith('/'))
        {
            errors.Invalid(path, profile, "must be a relative path");
        }

        if (profile.Split('/').Contains("..", StringComparer.Ordinal))
        {
            errors.Invalid(path, profile, "must not contain '..'");
        }
    }

    private static void AppArmor(
        IDictionary<string, string> annotations, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        HashSet<string>? names = null;
        foreach (var (key, value) in annotations)
        {
            if (!key.StartsWith(PodAnnotations.AppArmorPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var container = key[PodAnnotations.AppArmorPrefix.Length..];
            names ??= PodContainers.All(spec, path).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
            if (!names.Contains(container))
            {
                errors.Invalid(path.Key(key), container, "container not found");
            }

            if (value is not ("" or "runtime/default" or "unconfined")
                && !value.StartsWith(LocalhostPrefix, StringComparison.Ordinal))
            {
                errors.Invalid(path.Key(key), value, $"invalid AppArmor profile name: {GoText.Quote(value)}");
            }
        }
    }

    private static void SeccompMatch(string annotation, V1SeccompProfile profile, FieldPath path, FieldErrors errors)
    {
        var isSameType = profile.Type switch
        {
            "Unconfined" => annotation == "unconfined",
            "RuntimeDefault" => annotation is "runtime/default" or "docker/default",
            "Localhost" => annotation.StartsWith(LocalhostPrefix, StringComparison.Ordinal),
            _ => true,
        };
        if (!isSameType)
        {
            errors.Forbidden(path.Child("type"), SeccompMismatch);
        }
        else if (profile.Type == "Localhost" && annotation[LocalhostPrefix.Length..] != profile.LocalhostProfile)
        {
            errors.Forbidden(path.Child("localhostProfile"), "seccomp profile in annotation and field must match");
        }
    }

    private static void AppArmorMatch(string annotation, V1AppArmorProfile profile, FieldPath path, FieldErrors errors)
    {
        var isSameType = profile.Type switch
        {
            "Unconfined" => annotation == "unconfined",
            "RuntimeDefault" => annotation == "runtime/default",
            "Localhost" => annotation.StartsWith(LocalhostPrefix, StringComparison.Ordinal),
            _ => true,
        };
        if (!isSameType)
        {
            errors.Forbidden(path.Child("type"), AppArmorMismatch);
        }
        else if (profile.Type == "Localhost" && annotation[LocalhostPrefix.Length..] != profile.LocalhostProfile)
        {
            errors.Forbidden(path.Child("localhostProfile"), "apparmor profile in annotation and field must match");
        }
    }
}
