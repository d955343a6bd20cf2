using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>Puts policies to work on a host, about ConfigMaps unless more is said.</summary>
internal static class PolicySetup
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1/";

    public const string ConfigMapRules =
        """[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]""";

    /// <summary>Rules about one resource.</summary>
    public static string Rules(string group, string resource, string operation = "*", string version = "v1") =>
        $$$"""
        [{"operations":["{{{operation}}}"],"apiGroups":["{{{group}}}"],"apiVersions":["{{{version}}}"],
        "resources":["{{{resource}}}"]}]
        """;

    /// <summary>Creates a validating policy with a binding, and waits until the API has them.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">The name of both.</param>
    /// <param name="spec">Further fields of the policy's specification.</param>
    /// <param name="binding">Further fields of the binding's.</param>
    /// <param name="rules">What it is about.</param>
    /// <param name="actions">What comes of a denial.</param>
    public static async Task ValidateAsync(
        this WebhookHost host, string name, string spec, string binding = "", string? rules = null,
        string actions = "\"Deny\"")
    {
        await host.PostAsync($"{Group}validatingadmissionpolicies", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{
            "matchConstraints":{"resourceRules":{{{rules ?? ConfigMapRules}}}},{{{spec}}}}}
            """);
        await host.PostAsync($"{Group}validatingadmissionpolicybindings", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"policyName":"{{{name}}}","validationActions":[{{{actions}}}]
            {{{binding}}}}}
            """);
        await host.SyncAsync("validatingadmissionpolicies");
        await host.SyncAsync("validatingadmissionpolicybindings");
    }

    /// <summary>Creates a mutating policy with a binding, and waits until the API has them.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">The name of both.</param>
    /// <param name="mutations">What it does.</param>
    /// <param name="binding">Further fields of the binding's specification.</param>
    /// <param name="more">Further fields of the policy's, each with a comma behind it.</param>
    /// <param name="rules">What it is about.</param>
    /// <param name="reinvocation">Whether it is asked again.</param>
    public static async Task MutateAsync(
        this WebhookHost host, string name, string[] mutations, string binding = "", string more = "",
        string? rules = null, string reinvocation = "Never")
    {
        var about = (rules ?? ConfigMapRules).Replace(
            "\"operations\":[\"*\"]", "\"operations\":[\"CREATE\"]", StringComparison.Ordinal);
        await host.PostAsync($"{Group}mutatingadmissionpolicies", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"matchConstraints":{"resourceRules":{{{about}}}},{{{more}}}
            "reinvocationPolicy":"{{{reinvocation}}}","mutations":[{{{string.Join(',', mutations)}}}]}}
            """);
        await host.PostAsync($"{Group}mutatingadmissionpolicybindings", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"policyName":"{{{name}}}"{{{binding}}}}}
            """);
        await host.SyncAsync("mutatingadmissionpolicies");
        await host.SyncAsync("mutatingadmissionpolicybindings");
    }

    /// <summary>A mutation that gives a part of the object as it is to be.</summary>
    public static string Applied(string expression) => new JsonObject
    {
        ["patchType"] = "ApplyConfiguration",
        ["applyConfiguration"] = new JsonObject { ["expression"] = expression },
    }.ToJsonString();

    /// <summary>A mutation that says what is to be done.</summary>
    public static string Patched(string expression) => new JsonObject
    {
        ["patchType"] = "JSONPatch", ["jsonPatch"] = new JsonObject { ["expression"] = expression },
    }.ToJsonString();

    /// <summary>What a policy without a message of its own says.</summary>
    public static string Denied(string policy, string message, string what = "configmaps \"x\"") =>
        $"{what} is forbidden: ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {message}";
}
