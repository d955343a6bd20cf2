using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>How objects become those of another version: findings on <c>spec.conversion</c>.</summary>
public static class ConversionRules
{
    private const string NotWebhook = "should not be set when strategy is not set to Webhook";

    private static readonly string[] Strategies = ["None", "Webhook"];
    private static readonly string[] Reviews = ["v1", "v1beta1"];

    /// <summary>Whether the bundle of authorities may stay what it is: a kind that is served is not to break.</summary>
    /// <param name="old">The definition before; null for a new one.</param>
    public static bool MayHaveInvalidBundle(V1CustomResourceDefinition? old) =>
        old is null || !DefinitionConditions.IsTrue(old, DefinitionConditions.Established) || HasInvalidBundle(old);

    /// <summary>True when whoever would call the webhook could trust nobody.</summary>
    public static bool HasInvalidBundle(V1CustomResourceDefinition item) =>
        item.Spec.Conversion?.Webhook?.ClientConfig?.CaBundle is { } bundle
        && CaBundleRules.Complaint(bundle) is not null;

    public static void Validate(
        V1CustomResourceConversion? conversion, bool mayHaveInvalidBundle, FieldPath path, FieldErrors errors)
    {
        if (conversion is null)
        {
            return;
        }

        var strategy = conversion.Strategy ?? "";
        if (strategy.Length == 0)
        {
            errors.Required(path.Child("strategy"));
        }
        else if (!Strategies.Contains(strategy))
        {
            errors.NotSupported(path.Child("strategy"), strategy, Strategies);
        }

        var (config, versions) = (conversion.Webhook?.ClientConfig, conversion.Webhook?.ConversionReviewVersions ?? []);
        var (configPath, versionsPath) = (path.Child("webhookClientConfig"), path.Child("conversionReviewVersions"));
        if (strategy == "Webhook")
        {
            ValidateConfig(config, configPath, errors);
            if (config?.CaBundle is { } bundle && !mayHaveInvalidBundle)
            {
                CaBundleRules.Validate(bundle, configPath.Child("caBundle"), errors);
            }

            ValidateReviews(versions, versionsPath, errors);
            return;
        }

        if (config is not null)
        {
            errors.Forbidden(configPath, NotWebhook);
        }

        if (versions.Count > 0)
        {
            errors.Forbidden(versionsPath, NotWebhook);
        }
    }

    private static void ValidateConfig(Apiextensionsv1WebhookClientConfig? config, FieldPath path, FieldErrors errors)
    {
        switch (config)
        {
            case null:
                errors.Required(path, "required when strategy is set to Webhook");
                break;
            case { Url: null, Service: null } or { Url: not null, Service: not null }:
                errors.Required(path, "exactly one of url or service is required");
                break;
            case { Url: { } url }:
                WebhookRules.ValidateUrl(url, path.Child("url"), errors);
                break;
            case { Service: { } service }:
                WebhookRules.ValidateService(
                    new WebhookService(
                        service.NamespaceProperty, service.Name, service.Path,
                        service.Port ?? WebhookService.DefaultPort),
                    path.Child("service"), errors);
                break;
        }
    }

    private static void ValidateReviews(IList<string> versions, FieldPath path, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(path);
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, version) in versions.Index())
        {
            if (!seen.Add(version ?? ""))
            {
                errors.Invalid(path.Index(i), version, "duplicate version");
            }
            else
            {
                errors.InvalidEach(path.Index(i), version, NameRules.Dns1035Label(version ?? ""));
            }
        }

        if (!versions.Intersect(Reviews).Any())
        {
            errors.Invalid(path, versions, $"must include at least one of {string.Join(", ", Reviews)}");
        }
    }
}
