using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Who creates something by an update or an apply needs the right to create it, too. Upstream asks it between
/// validation and the first plugin that validates (<c>handlers/update.go</c>).
/// </summary>
public sealed class CreateByUpdatePlugin(AuthorizerChain authorizers) : IAdmissionPlugin
{
    /// <inheritdoc/>
    public string Name => "CreateByUpdate";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) => attributes.IsByUpdate;

    /// <inheritdoc/>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (resource, key) = (attributes.Definition.Name, attributes.Key);
        var decision = await authorizers.AuthorizeAsync(
            new AuthorizationAttributes
            {
                User = attributes.User, Verb = "create", Group = resource.Group,
                Version = attributes.Definition.Version, Resource = resource.Plural, Namespace = key.Namespace,
                Name = key.Name,
            },
            cancellationToken);
        return decision.IsAllowed ? null
            : decision.Failure.Length > 0 ? StatusErrors.InternalError(decision.Failure)
            : StatusErrors.Forbidden(resource, key.Name, decision.Reason);
    }
}
