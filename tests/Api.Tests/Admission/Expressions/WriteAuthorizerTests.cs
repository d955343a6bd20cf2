using System.Threading.Channels;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Expressions;

/// <summary>Expressions cannot wait for answers; who evaluates them does.</summary>
public sealed class WriteAuthorizerTests
{
    private static readonly CelAccessCheck Pods = new() { Verb = "get", Resource = "pods" };

    [Fact]
    public async Task WhatWasEvaluatedBeforeAnAnswerWasThereDoesNotCount()
    {
        var slow = new SlowAuthorizer();
        var authorizer = new WriteAuthorizer(
            new AuthorizerChain([slow]), new UserIdentity { Name = "me" }, CancellationToken.None);
        var rounds = 0;
        var evaluated = authorizer.EvaluateAsync(() =>
        {
            rounds++;
            return authorizer.Check(Pods).Allowed && authorizer.Check(Pods with { Verb = "list" }).Allowed;
        });
        await slow.AnswerAsync();
        await slow.AnswerAsync();
        Assert.True(await evaluated);
        Assert.Equal(3, rounds);
        Assert.Equal(["me get", "me list"], slow.Asked);
        Assert.True(await authorizer.EvaluateAsync(() => authorizer.Check(Pods).Allowed));
        Assert.Equal(2, slow.Asked.Count);
    }

    [Fact]
    public async Task AServiceAccountIsAskedAboutInTheNameOfItsGroups()
    {
        var asked = new List<AuthorizationAttributes>();
        var authorizer = new WriteAuthorizer(
            new AuthorizerChain([new QuickAuthorizer(asked)]), new UserIdentity { Name = "me" },
            CancellationToken.None);
        var account = Pods with { ServiceAccount = ("a", "b") };
        var decision = await authorizer.EvaluateAsync(() => authorizer.Check(account));
        Assert.Equal((false, "not you"), (decision.Allowed, decision.Reason));
        Assert.Equal("system:serviceaccount:a:b", asked.Single().User.Name);
        Assert.Equal(
            ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"], asked.Single().User.Groups);
        var check = new CelAccessCheck { Path = "/x", Verb = "get" };
        var path = await authorizer.EvaluateAsync(() => authorizer.Check(check));
        Assert.False(path.Allowed);
        Assert.Equal(("/x", false), (asked[1].Path, asked[1].IsResourceRequest));
    }

    private sealed class SlowAuthorizer : IAuthorizer
    {
        private readonly Channel<TaskCompletionSource<AuthorizationDecision>> _open =
            Channel.CreateUnbounded<TaskCompletionSource<AuthorizationDecision>>();

        public List<string> Asked { get; } = [];

        /// <summary>Answers the next question, once it is asked.</summary>
        public async Task AnswerAsync() => (await _open.Reader.ReadAsync()).SetResult(AuthorizationDecision.Allow);

        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken)
        {
            Asked.Add($"{attributes.User.Name} {attributes.Verb}");
            var answer = new TaskCompletionSource<AuthorizationDecision>();
            _open.Writer.TryWrite(answer);
            return new(answer.Task);
        }
    }

    private sealed class QuickAuthorizer(List<AuthorizationAttributes> asked) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken)
        {
            asked.Add(attributes);
            return new(AuthorizationDecision.Deny("not you"));
        }
    }
}
