using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What an authorizer says.</summary>
public enum AuthorizationVerdict
{
    /// <summary>The next one is asked; when there is none, the answer is no.</summary>
    NoOpinion,

    Allow,

    /// <summary>No, whatever the others would say.</summary>
    Deny,
}

/// <summary>The outcome of authorization.</summary>
/// <param name="Verdict">What is decided.</param>
/// <param name="Reason">Why not: appended to the refusal's text when not empty.</param>
/// <param name="Failure">
/// Why it could not be decided as it should have been; a request that is not allowed fails by it (500).
/// </param>
public readonly record struct AuthorizationDecision(
    AuthorizationVerdict Verdict, string Reason = "", string Failure = "")
{
    public static readonly AuthorizationDecision Allow = new(AuthorizationVerdict.Allow);

    public bool IsAllowed => Verdict == AuthorizationVerdict.Allow;

    public static AuthorizationDecision NoOpinion(string reason = "") => new(AuthorizationVerdict.NoOpinion, reason);

    public static AuthorizationDecision Deny(string reason) => new(AuthorizationVerdict.Deny, reason);
}

/// <summary>One link of <see cref="AuthorizerChain"/>. What it throws refuses the request.</summary>
public interface IAuthorizer
{
    ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken);
}

/// <summary>
/// All authorizers in the order of their registration: the first that has an opinion decides. When none has, what they
/// gave as reasons is told, one a line, and what failed.
/// </summary>
public sealed class AuthorizerChain(IEnumerable<IAuthorizer> authorizers)
{
    private readonly IAuthorizer[] _authorizers = [.. authorizers];

    /// <summary>The decision of the chain.</summary>
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var (reasons, failures) = ("", (List<string>?)null);
        foreach (var authorizer in _authorizers)
        {
            var decision = await authorizer.AuthorizeAsync(attributes, cancellationToken);
            if (decision.Verdict != AuthorizationVerdict.NoOpinion)
            {
                return decision;
            }

            reasons = reasons.Length == 0 || decision.Reason.Length == 0
                ? reasons + decision.Reason
                : $"{reasons}\n{decision.Reason}";
            if (decision.Failure.Length > 0)
            {
                (failures ??= []).Add(decision.Failure);
            }
        }

        var failure = GoErrors.Join(failures ?? []) ?? "";
        return new AuthorizationDecision(AuthorizationVerdict.NoOpinion, reasons, failure);
    }
}
