using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;

/// <summary>Defaults and validation of the webhooks of a configuration.</summary>
public static class WebhookListRules
{
    /// <summary>How long a webhook that does not say may take.</summary>
    public const int DefaultTimeoutSeconds = 10;

    private const int MaxTimeoutSeconds = 30;
    private static readonly string[] SideEffects = ["None", "NoneOnDryRun"];
    private static readonly string[] ReviewVersions = ["v1", "v1beta1"];
    private static readonly FieldPath Webhooks = FieldPath.Of("webhooks");

    internal static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Webhooks", "integer", "", "Webhooks indicates the number of webhooks registered in this configuration"),
        TableColumns.Age,
    ];

    internal static void SetDefaults(
        IList<V1RuleWithOperations>? rules, Admissionregistrationv1WebhookClientConfig client)
    {
        foreach (var rule in rules ?? [])
        {
            rule.Scope ??= "*";
        }

        if (client.Service is { } service)
        {
            service.Port ??= WebhookService.DefaultPort;
        }
    }

    internal static void Validate(IEnumerable<Webhook> hooks, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, hook) in hooks.Index())
        {
            var path = Webhooks.Index(i);
            ValidateHook(hook, path, errors);
            ValidateVersions(hook.Versions, path.Child("admissionReviewVersions"), errors);
            if (hook.Name.Length > 0 && !names.Add(hook.Name))
            {
                errors.Duplicate(path.Child("name"), hook.Name);
            }
        }
    }

    private static void ValidateHook(Webhook hook, FieldPath path, FieldErrors errors)
    {
        ValidateName(hook.Name, path.Child("name"), errors);
        foreach (var (i, rule) in hook.Rules.Index())
        {
            AdmissionRules.Validate(OperationRule.Of(rule), path.Child("rules").Index(i), errors);
        }

        AdmissionRules.ValidateChoice(
            hook.FailurePolicy, AdmissionRules.FailurePolicies, path.Child("failurePolicy"), errors);
        AdmissionRules.ValidateChoice(
            hook.MatchPolicy, AdmissionRules.MatchPolicies, path.Child("matchPolicy"), errors);
        if (hook.SideEffects is null)
        {
            errors.Required(path.Child("sideEffects"), $"must specify one of {string.Join(", ", SideEffects)}");
        }

        AdmissionRules.ValidateChoice(hook.SideEffects, SideEffects, path.Child("sideEffects"), errors);
        if (hook.TimeoutSeconds is < 1 or > MaxTimeoutSeconds)
        {
            errors.Invalid(
                path.Child("timeoutSeconds"),
                hook.TimeoutSeconds,
                $"the timeout value must be between 1 and {MaxTimeoutSeconds} seconds");
        }

        LabelSelectorRules.Validate(hook.Namespaces, path.Child("namespaceSelector"), errors);
        LabelSelectorRules.Validate(hook.Objects, path.Child("objectSelector"), errors);
        AdmissionRules.ValidateChoice(
            hook.ReinvocationPolicy, AdmissionRules.ReinvocationPolicies, path.Child("reinvocationPolicy"), errors);
        ValidateClient(hook.Client, path.Child("clientConfig"), errors);
        AdmissionRules.ValidateConditions(
            hook.Conditions, PolicyCompiler.OfConditions, path.Child("matchConditions"), errors);
    }

    private static void ValidateName(string name, FieldPath path, FieldErrors errors)
    {
        var complaints = string.Join(",", NameRules.DnsSubdomain(name));
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (complaints.Length > 0)
        {
            errors.Invalid(path, name, complaints);
        }
        else if (name.Split('.').Length < 3)
        {
            errors.Invalid(path, name, "should be a domain with at least three segments separated by dots");
        }
    }

    private static void ValidateClient(
        Admissionregistrationv1WebhookClientConfig client, FieldPath path, FieldErrors errors)
    {
        if (client.Url is null == client.Service is null)
        {
            errors.Required(path, "exactly one of url or service is required");
        }
        else if (client.Url is { } url)
        {
            WebhookRules.ValidateUrl(url, path.Child("url"), errors);
        }
        else
        {
            var service = client.Service!;
            WebhookRules.ValidateService(
                new WebhookService(service.NamespaceProperty, service.Name, service.Path, service.Port ?? 0),
                path.Child("service"),
                errors);
        }
    }

    private static void ValidateVersions(IList<string> versions, FieldPath path, FieldErrors errors)
    {
        var known = string.Join(", ", ReviewVersions);
        if (versions.Count == 0)
        {
            errors.Required(path, $"must specify one of {known}");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, version) in versions.Index())
        {
            if (!seen.Add(version))
            {
                errors.Invalid(path.Index(i), version, "duplicate version");
            }
            else
            {
                errors.InvalidEach(path.Index(i), version, NameRules.Dns1035Label(version));
            }
        }

        if (!versions.Any(ReviewVersions.Contains))
        {
            errors.Invalid(path, versions, $"must include at least one of {known}");
        }
    }
}
