using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Holds pods against the Pod Security Standards that their namespace asks for. Pods that violate what is enforced are
/// refused; who writes templates of such pods is warned, and so is who makes a namespace stricter than its pods. The
/// audit log is told what was held against what.
/// </summary>
public sealed class PodSecurityPlugin(
    ObjectReader reader, PodSecurityOptions options, PodSecurityMetrics metrics, TimeProvider time) : IAdmissionPlugin
{
    private const string EnforceMode = "enforce";

    public string Name => "PodSecurity";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update &&
        (IsOfPods(attributes) || attributes.IsFor(WellKnown.Namespaces) ||
            (attributes.Subresource.Length == 0 && attributes.Definition.Of.PodTemplate is not null));

    public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        attributes.Object switch
        {
            V1Namespace item => ValidateNamespaceAsync(attributes, item, cancellationToken),
            V1Pod pod => attributes.OldObject is V1Pod old && !PodSecuritySignificance.IsSignificant(pod, old)
                ? default
                : ValidatePodAsync(attributes, pod.Metadata, pod.Spec, enforces: true, cancellationToken),
            { } item => attributes.Definition.Of.PodTemplate!(item) is { Spec: { } spec } template
                ? ValidatePodAsync(attributes, template.Metadata, spec, enforces: false, cancellationToken)
                : default,
            null => default,
        };

    /// <summary>Subresources whose object is the pod itself; upstream ignores the others by name.</summary>
    private static bool IsOfPods(AdmissionAttributes attributes) =>
        attributes.Definition.Name == WellKnown.Pods && attributes.Subresource != "status"
            && attributes.Object is V1Pod;

    private async ValueTask<Status?> ValidatePodAsync(
        AdmissionAttributes attributes, V1ObjectMeta? metadata, V1PodSpec spec, bool enforces,
        CancellationToken cancellationToken)
    {
        var @namespace = attributes.Key.Namespace;
        if (options.ExemptNamespaces.Contains(@namespace) || options.ExemptUsernames.Contains(attributes.User.Name))
        {
            Exempt(attributes, options.ExemptNamespaces.Contains(@namespace) ? "namespace" : "user");
            return null;
        }

        if (await FindNamespaceAsync(@namespace, cancellationToken) is not { } item)
        {
            metrics.Failed(attributes, isFatal: true);
            return enforces
                ? StatusErrors.InternalError($"failed to lookup namespace {GoText.Quote(@namespace)}") : null;
        }

        var errors = new FieldErrors();
        var policy = PodSecurityPolicy.Of(item.Metadata.Labels, options.Defaults, errors);
        if (errors.Count == 0 && policy.IsPrivileged)
        {
            if (enforces)
            {
                Annotate(attributes, "enforce-policy", policy.Enforce.ToString());
                metrics.Evaluated(attributes, EnforceMode, policy.Enforce, isAllowed: true);
            }

            return null;
        }

        if (options.ExemptRuntimeClasses.Contains(spec.RuntimeClassName ?? ""))
        {
            Exempt(attributes, "runtimeClass");
            return null;
        }

        if (errors.Count > 0)
        {
            Annotate(attributes, "error", $"Failed to parse policy: {errors.ToText()}");
            metrics.Failed(attributes, isFatal: false);
        }

        return Evaluate(attributes, policy, enforces, metadata, spec);
    }

    private Status? Evaluate(
        AdmissionAttributes attributes, PodSecurityPolicy policy, bool enforces, V1ObjectMeta? metadata, V1PodSpec spec)
    {
        var enforced = enforces
            ? PodSecurityStandards.Evaluate(policy.Enforce, metadata, spec) : PodSecurityFindings.None;
        if (enforces)
        {
            Annotate(attributes, "enforce-policy", policy.Enforce.ToString());
            metrics.Evaluated(attributes, EnforceMode, policy.Enforce, enforced.IsEmpty);
        }

        var audited = enforces && policy.Audit == policy.Enforce
            ? enforced : PodSecurityStandards.Evaluate(policy.Audit, metadata, spec);
        if (!audited.IsEmpty)
        {
            Annotate(
                attributes, "audit-violations",
                $"would violate PodSecurity {GoText.Quote(policy.Audit.ToString())}: {audited.Details}");
            metrics.Evaluated(attributes, "audit", policy.Audit, isAllowed: false);
        }

        if (!enforced.IsEmpty)
        {
            return AdmissionRefusals.Forbidden(
                attributes, $"violates PodSecurity {GoText.Quote(policy.Enforce.ToString())}: {enforced.Details}");
        }

        // What is enforced has been found in order: a warning about the same would be empty.
        if (!(enforces && policy.Warn == policy.Enforce)
            && PodSecurityStandards.Evaluate(policy.Warn, metadata, spec) is { IsEmpty: false } found)
        {
            attributes.Warnings.Add(
                $"would violate PodSecurity {GoText.Quote(policy.Warn.ToString())}: {found.Details}");
            metrics.Evaluated(attributes, "warn", policy.Warn, isAllowed: false);
        }

        return null;
    }

    private void Exempt(AdmissionAttributes attributes, string why)
    {
        Annotate(attributes, "exempt", why);
        metrics.Exempted(attributes);
    }

    private static void Annotate(AdmissionAttributes attributes, string key, string value) =>
        attributes.Annotate($"pod-security.kubernetes.io/{key}", value);

    private async ValueTask<V1Namespace?> FindNamespaceAsync(string name, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", name);
        var item = await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Cached, cancellationToken)
            ?? await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Linearizable, cancellationToken);
        return item?.As<V1Namespace>();
    }

    private async ValueTask<Status?> ValidateNamespaceAsync(
        AdmissionAttributes attributes, V1Namespace item, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var policy = PodSecurityPolicy.Of(item.Metadata.Labels, options.Defaults, errors);
        var oldErrors = new FieldErrors();
        var old = attributes.OldObject is { } before
            ? PodSecurityPolicy.Of(before.Metadata.Labels, options.Defaults, oldErrors) : null;
        if (errors.Count > 0 && !errors.All.SequenceEqual(oldErrors.All))
        {
            return errors.ToStatus("", attributes.Definition.Kind, item.Metadata.Name ?? "");
        }

        if (old is not null && !IsStricter(policy.Enforce, old.Enforce))
        {
            return null;
        }

        if (options.ExemptNamespaces.Contains(item.Metadata.Name ?? ""))
        {
            WarnOfExemption(attributes, item, policy);
        }
        else if (old is not null)
        {
            await WarnOfPodsAsync(attributes, attributes.Key.Name, policy.Enforce, cancellationToken);
        }

        return null;
    }

    /// <summary>True when pods that were in order may not be any more.</summary>
    private static bool IsStricter(LevelVersion asked, LevelVersion before) =>
        asked != before && asked.Level != PodSecurityLevel.Privileged
            && (asked.Version != before.Version || asked.Level > before.Level);

    private void WarnOfExemption(AdmissionAttributes attributes, V1Namespace item, PodSecurityPolicy policy)
    {
        if (!policy.IsPrivileged && !policy.IsEquivalentTo(options.Defaults))
        {
            attributes.Warnings.Add(
                $"namespace {GoText.Quote(item.Metadata.Name)} is exempt from Pod Security, and the policy ({policy.Describe(item.Metadata.Labels)}) " +
                "will be ignored");
        }
    }

    private async ValueTask WarnOfPodsAsync(
        AdmissionAttributes attributes, string @namespace, LevelVersion asked, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var snapshot = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        var pods = Prioritized(snapshot, @namespace);
        SortedDictionary<string, List<string>> namesByReasons = new(StringComparer.Ordinal);
        var looked = 0;
        foreach (var pod in pods.Take(options.MaxPodsToCheck))
        {
            looked++;
            if (PodSecurityStandards.Evaluate(asked, pod.Metadata, pod.Spec) is { IsEmpty: false } found)
            {
                namesByReasons.TryAdd(found.Reasons, []);
                namesByReasons[found.Reasons].Add(pod.Metadata.Name);
            }

            if (time.GetElapsedTime(started) > options.PodCheckTimeout)
            {
                break;
            }
        }

        if (looked < pods.Count)
        {
            attributes.Warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"new PodSecurity enforce level only checked against the first {looked} of {pods.Count} existing pods"));
        }

        if (namesByReasons.Count > 0)
        {
            attributes.Warnings.Add(
                $"existing pods in namespace {GoText.Quote(@namespace)} violate the new PodSecurity enforce level {GoText.Quote(asked.ToString())}");
        }

        foreach (var warning in namesByReasons.Select(n => $"{Summary(n.Value)}: {n.Key}")
            .Order(StringComparer.Ordinal))
        {
            attributes.Warnings.Add(warning);
        }
    }

    /// <summary>The pods to look at, one of each controller before all others of it: those are alike.</summary>
    private List<V1Pod> Prioritized(CacheSnapshot snapshot, string @namespace)
    {
        HashSet<string> controllers = new(StringComparer.Ordinal);
        List<V1Pod> first = [];
        List<V1Pod> further = [];
        foreach (var pod in snapshot.Range(@namespace).Select(o => o.As<V1Pod>()))
        {
            if (!options.ExemptRuntimeClasses.Contains(pod.Spec.RuntimeClassName ?? ""))
            {
                var controller = pod.Metadata.OwnerReferences?.FirstOrDefault(r => r.Controller == true);
                (controller is null || controllers.Add(controller.Uid) ? first : further).Add(pod);
            }
        }

        return [.. first, .. further];
    }

    private static string Summary(List<string> names) => names.Min(StringComparer.Ordinal) + names.Count switch
    {
        1 => "",
        2 => " (and 1 other pod)",
        var count => string.Create(CultureInfo.InvariantCulture, $" (and {count - 1} other pods)"),
    };
}
