using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of limits, budgets, webhooks and requests for certificates.</summary>
internal static class PolicyStates
{
    private static readonly (string Field, string Constraint)[] Constraints =
    [
        ("min", "min"), ("max", "max"), ("default", "default"), ("defaultRequest", "defaultRequest"),
        ("maxLimitRequestRatio", "maxLimitRequestRatio"),
    ];

    public static StateTable Quotas { get; } = new(WellKnown.ResourceQuotas, "resourcequota", HasUid: false,
    [
        Created("kube_resourcequota"),
        Gauge("kube_resourcequota", "[STABLE] Information about resource quota.", static (item, to) =>
        {
            Amounts(item["status"]["hard"], "hard", to);
            Amounts(item["status"]["used"], "used", to);
        }),
    ]);

    public static StateTable LimitRanges { get; } = new(WellKnown.LimitRanges, "limitrange", HasUid: false,
    [
        Gauge("kube_limitrange", "[STABLE] Information about limit range.", static (item, to) =>
        {
            foreach (var limit in item["spec"]["limits"].Items)
            {
                foreach (var (field, constraint) in Constraints)
                {
                    foreach (var (name, amount) in limit[field].Members)
                    {
                        to.Add(
                            amount.Amount, ("resource", name), ("type", limit["type"]), ("constraint", constraint));
                    }
                }
            }
        }),
        Created("kube_limitrange"),
    ]);

    public static StateTable DisruptionBudgets { get; } =
        new(WellKnown.PodDisruptionBudgets, "poddisruptionbudget", HasUid: false,
        [
            Created("kube_poddisruptionbudget"),
            Number("kube_poddisruptionbudget_status_current_healthy",
                "[STABLE] Current number of healthy pods", "currentHealthy"),
            Number("kube_poddisruptionbudget_status_desired_healthy",
                "[STABLE] Minimum desired number of healthy pods", "desiredHealthy"),
            Number("kube_poddisruptionbudget_status_pod_disruptions_allowed",
                "[STABLE] Number of pod disruptions that are currently allowed", "disruptionsAllowed"),
            Number("kube_poddisruptionbudget_status_expected_pods",
                "[STABLE] Total number of pods counted by this disruption budget", "expectedPods"),
            Number("kube_poddisruptionbudget_status_observed_generation",
                "[STABLE] Most recent generation observed when updating this PDB status", "observedGeneration"),
            Deleted("kube_poddisruptionbudget"),
        ]);

    public static StateTable SigningRequests { get; } =
        new(WellKnown.CertificateSigningRequests, "certificatesigningrequest", HasUid: false,
        [
            Gauge("kube_certificatesigningrequest_created", "[STABLE] Unix creation timestamp", static (item, to) =>
                to.Add(item["metadata"]["creationTimestamp"].Time, ("signer_name", item["spec"]["signerName"]))),
            Gauge("kube_certificatesigningrequest_condition",
                "[STABLE] The number of each certificatesigningrequest condition", static (item, to) =>
                {
                    Conditions(item, "Approved", "approved", to);
                    Conditions(item, "Denied", "denied", to);
                }),
            Gauge("kube_certificatesigningrequest_cert_length", "[STABLE] Length of the issued cert",
                static (item, to) => to.Add(
                    item["status"]["certificate"].Text is { } text ? LengthOf(text) : 0,
                    ("signer_name", item["spec"]["signerName"]))),
        ]);

    public static StateTable MutatingWebhooks { get; } =
        Webhooks(WellKnown.MutatingWebhookConfigurations, "mutatingwebhookconfiguration");

    public static StateTable ValidatingWebhooks { get; } =
        Webhooks(WellKnown.ValidatingWebhookConfigurations, "validatingwebhookconfiguration");

    private static StateFamily Number(string name, string help, string field) =>
        Value(name, help, o => o["status"][field].Number ?? 0);

    private static void Amounts(StateField amounts, string type, StateSeries to)
    {
        foreach (var (name, amount) in amounts.Members)
        {
            to.Add(amount.Amount, ("resource", name), ("type", type));
        }
    }

    private static void Conditions(StateField item, string type, string label, StateSeries to) => to.Add(
        item["status"]["conditions"].Items.Count(c => c["type"].Is(type)),
        ("signer_name", item["spec"]["signerName"]), ("condition", label));

    private static int LengthOf(string base64) => base64.Length / 4 * 3 - (base64.Length - base64.TrimEnd('=').Length);

    private static StateTable Webhooks(ResourceName resource, string label) => new(resource, label, HasUid: false,
    [
        Gauge($"kube_{label}_info", $"Information about the {label}.", static (_, to) => to.Add(1)),
        Created($"kube_{label}"),
        Version($"kube_{label}"),
        Gauge($"kube_{label}_webhook_clientconfig_service", "Service used by the apiserver to connect to a webhook.",
            static (item, to) =>
            {
                foreach (var webhook in item["webhooks"].Items)
                {
                    var service = webhook["clientConfig"]["service"];
                    to.Add(
                        service.Exists ? 1 : null, ("webhook_name", webhook["name"]),
                        ("service_name", service["name"]), ("service_namespace", service["namespace"]));
                }
            }),
    ]);
}
