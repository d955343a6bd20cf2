using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Errors;

/// <summary>What clients are told of failures, and thereby whether client-go repeats the request.</summary>
public sealed class FailureMapperTests
{
    public static TheoryData<string> Unknown => ["silo", "timeout", "unknown", "orleans", "cancelled"];

    [Theory]
    [MemberData(nameof(Unknown))]
    public void An_unknown_outcome_is_a_504_that_nobody_repeats(string kind)
    {
        var status = Map(kind switch
        {
            "silo" => Made<SiloUnavailableException>(),
            "timeout" => new TimeoutException(),
            "unknown" => new UnknownOutcomeException("lost"),
            "orleans" => new OrleansException("lost"),
            _ => new OperationCanceledException(),
        });

        Assert.Equal(504, status.Code);
        Assert.Equal(0, status.Details?.RetryAfterSeconds ?? 0);
    }

    [Fact]
    public void What_was_surely_not_done_is_a_503_that_clients_repeat()
    {
        Exception[] refusals = [Made<OrleansMessageRejectionException>(), Made<GatewayTooBusyException>(), new StoreUnavailableException("away")];

        Assert.All(refusals, static refusal =>
        {
            var status = Map(refusal);
            Assert.Equal(503, status.Code);
            Assert.True(status.Details!.RetryAfterSeconds > 0);
        });
    }

    private static Status Map(Exception failure) =>
        new FailureMapper(NullLogger<FailureMapper>.Instance).Map(failure, "trace");

    // Orleans makes these itself.
    private static Exception Made<T>()
        where T : Exception => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
}
