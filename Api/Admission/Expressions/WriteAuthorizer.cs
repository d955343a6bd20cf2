using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>
/// What expressions about one write ask by <c>authorizer</c>, each question once. Expressions cannot wait: an answer
/// that is not there at once is waited for, and what was evaluated meanwhile does not count
/// (<see cref="EvaluateAsync"/>).
/// </summary>
internal sealed class WriteAuthorizer(
    AuthorizerChain authorizers, UserIdentity user, CancellationToken cancellationToken) : ICelAuthorizer
{
    /// <summary>Questions about one write. Their cost bounds them too, for each policy.</summary>
    private const int MaxQuestions = 1000;

    private static readonly CelAccessDecision TooMany = new(false, "", "too many questions about one request");
    private static readonly CelAccessDecision NotYet = new(false, "", "not answered yet");

    private readonly Dictionary<CelAccessCheck, CelAccessDecision> _answers = [];
    private readonly Dictionary<CelAccessCheck, Task<AuthorizationDecision>> _open = [];

    /// <inheritdoc/>
    public CelAccessDecision Check(CelAccessCheck check)
    {
        if (_answers.TryGetValue(check, out var known))
        {
            return known;
        }

        if (_open.ContainsKey(check))
        {
            return NotYet;
        }

        if (_answers.Count + _open.Count >= MaxQuestions)
        {
            return TooMany;
        }

        var asked = authorizers.AuthorizeAsync(Attributes(check), cancellationToken);
        if (asked.IsCompletedSuccessfully)
        {
            return _answers[check] = Answer(asked.Result);
        }

        _open[check] = asked.AsTask();
        return NotYet;
    }

    /// <summary>What an evaluation gives once all answers that it asks for are there.</summary>
    public async ValueTask<T> EvaluateAsync<T>(Func<T> evaluate)
    {
        while (true)
        {
            var result = evaluate();
            if (_open.Count == 0)
            {
                return result;
            }

            await SettleAsync();
        }
    }

    private async ValueTask SettleAsync()
    {
        foreach (var (check, asked) in _open)
        {
            try
            {
                _answers[check] = Answer(await asked);
            }
            catch (StoreUnavailableException failure)
            {
                _answers[check] = new(false, "", failure.Message);
            }
        }

        _open.Clear();
    }

    private static CelAccessDecision Answer(AuthorizationDecision decision) =>
        new(decision.IsAllowed, decision.Reason);

    private AuthorizationAttributes Attributes(CelAccessCheck check)
    {
        var asks = check.ServiceAccount is { } account
            ? new UserIdentity
            {
                Name = SystemNames.ServiceAccountUser(account.Namespace, account.Name),
                Groups = [.. SystemNames.GroupsOfServiceAccount(account.Namespace), SystemNames.Authenticated],
            }
            : user;
        return check.Path is { } path
            ? new() { User = asks, Verb = check.Verb, IsResourceRequest = false, Path = path }
            : new()
            {
                User = asks, Verb = check.Verb, Group = check.Group, Version = "*", Resource = check.Resource,
                Subresource = check.Subresource, Namespace = check.Namespace, Name = check.Name,
                FieldSelector = check.FieldSelector, LabelSelector = check.LabelSelector,
            };
    }
}
