using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;

/// <summary>The rules of MutatingWebhookConfigurations.</summary>
public sealed class MutatingWebhookConfigurationStrategy : AdmissionStrategy<V1MutatingWebhookConfiguration>
{
    public override IReadOnlyList<TableColumn> Columns => WebhookListRules.Columns;

    public override IReadOnlyList<object?> Cells(V1MutatingWebhookConfiguration item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Webhooks?.Count ?? 0, TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1MutatingWebhookConfiguration item)
    {
        ModelShape.Normalize(item);
        foreach (var hook in item.Webhooks ?? [])
        {
            hook.FailurePolicy ??= "Fail";
            hook.MatchPolicy ??= "Equivalent";
            hook.NamespaceSelector ??= new V1LabelSelector();
            hook.ObjectSelector ??= new V1LabelSelector();
            hook.TimeoutSeconds ??= WebhookListRules.DefaultTimeoutSeconds;
            hook.ReinvocationPolicy ??= "Never";
            hook.ClientConfig ??= new Admissionregistrationv1WebhookClientConfig();
            WebhookListRules.SetDefaults(hook.Rules, hook.ClientConfig);
        }
    }

    public override void Validate(V1MutatingWebhookConfiguration item, FieldErrors errors) =>
        WebhookListRules.Validate((item.Webhooks ?? []).Select(Webhook.Of), errors);

    public override void PrepareForUpdate(
        V1MutatingWebhookConfiguration item, V1MutatingWebhookConfiguration old, string subresource)
    {
        var isSame = ModelShape.SemanticEquals(
            new V1MutatingWebhookConfiguration { Webhooks = item.Webhooks },
            new V1MutatingWebhookConfiguration { Webhooks = old.Webhooks });
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
    }
}
