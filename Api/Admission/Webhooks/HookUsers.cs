using OrleansOrchestrator.Api.Remote;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>As whom this server asks webhooks: each of the two plugins has a configuration of its own.</summary>
/// <param name="Mutating">For those of MutatingWebhookConfigurations.</param>
/// <param name="Validating">For those of ValidatingWebhookConfigurations.</param>
public sealed record HookUsers(RemoteUsers Mutating, RemoteUsers Validating)
{
    /// <summary>Webhooks are not told who asks.</summary>
    public static HookUsers None { get; } = new(RemoteUsers.None, RemoteUsers.None);
}
