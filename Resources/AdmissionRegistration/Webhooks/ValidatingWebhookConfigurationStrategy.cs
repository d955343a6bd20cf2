using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;

/// <summary>The rules of ValidatingWebhookConfigurations.</summary>
public sealed class ValidatingWebhookConfigurationStrategy : AdmissionStrategy<V1ValidatingWebhookConfiguration>
{
    public override IReadOnlyList<TableColumn> Columns => WebhookListRules.Columns;

    public override IReadOnlyList<object?> Cells(V1ValidatingWebhookConfiguration item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Webhooks?.Count ?? 0, TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1ValidatingWebhookConfiguration item)
    {
        ModelShape.Normalize(item);
        foreach (var hook in item.Webhooks ?? [])
        {
            hook.FailurePolicy ??= "Fail";
            hook.MatchPolicy ??= "Equivalent";
            hook.NamespaceSelector ??= new V1LabelSelector();
            hook.ObjectSelector ??= new V1LabelSelector();
            hook.TimeoutSeconds ??= WebhookListRules.DefaultTimeoutSeconds;
            hook.ClientConfig ??= new Admissionregistrationv1WebhookClientConfig();
            WebhookListRules.SetDefaults(hook.Rules, hook.ClientConfig);
        }
    }

    public override void Validate(V1ValidatingWebhookConfiguration item, FieldErrors errors) =>
        WebhookListRules.Validate((item.Webhooks ?? []).Select(Webhook.Of), errors);

    public override void PrepareForUpdate(
        V1ValidatingWebhookConfiguration item, V1ValidatingWebhookConfiguration old, string subresource)
    {
        var isSame = ModelShape.SemanticEquals(
            new V1ValidatingWebhookConfiguration { Webhooks = item.Webhooks },
            new V1ValidatingWebhookConfiguration { Webhooks = old.Webhooks });
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
    }
}
