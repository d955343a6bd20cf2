using System.Text;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class PemBlockTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("-----BEGIN A-----\nYQ==\n-----END A-----", "A:a")]
    [InlineData(
        "x\n-----BEGIN A-----\r\nYQ==\r\n-----END A-----\r\n-----BEGIN B-----\nYg==\n-----END B-----\n", "A:a B:b")]
    [InlineData("-----BEGIN A-----\n-----BEGIN B-----\nYg==\n-----END B-----\n", "B:b")]
    [InlineData("-----BEGIN A-----\nYQ==\n-----END B-----\n-----BEGIN C-----\nYw==\n-----END C-----", "C:c")]
    [InlineData("-----BEGIN A-----\nY?==\n-----END A-----\n-----BEGIN C-----\nYw==\n-----END C-----", "C:c")]
    [InlineData("x-----BEGIN A-----\nYQ==\n-----END A-----", "")]
    [InlineData("-----BEGIN A-----\nYQ==\n-----END A", "")]
    [InlineData("-----BEGIN A-----\nYQ==-----END A-----\n", "")]
    [InlineData("-----BEGIN A-----\nYQ==\n -----END A-----\n-----BEGIN C-----\nYw==\n-----END C-----", "C:c")]
    [InlineData("-----END A-----\n-----BEGIN A-----\nYQ==\n", "")]
    public void BlocksAreFoundAsGoFindsThem(string text, string wanted)
    {
        var found = new List<string>();
        for (var next = PemBlock.Find(text); next is { } block; next = PemBlock.Find(text, block.End))
        {
            found.Add($"{block.Label}:{Encoding.ASCII.GetString(block.Bytes)}");
        }

        Assert.Equal(wanted, string.Join(' ', found));
    }

    /// <summary>By looking from each beginning for its end, this would take minutes.</summary>
    [Theory(Timeout = 60_000)]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n")]
    [InlineData("-----END CERTIFICATE REQUEST-----\n")]
    [InlineData("-----BEGIN A-----\n-----END B-----\n")]
    [InlineData("-----BEGIN ")]
    [InlineData("-----END ")]
    public async Task WorkGrowsWithTheTextAndNotWithItsSquare(string part)
    {
        const int Bytes = 3 * 1024 * 1024;
        var text = new StringBuilder(Bytes).Insert(0, part, Bytes / part.Length).ToString();
        var (found, complaint) = await Task.Run(
            () => (PemBlock.Find(text), PemRequests.Complaint(Encoding.Latin1.GetBytes(text))),
            TestContext.Current.CancellationToken);
        Assert.Null(found);
        Assert.NotNull(complaint);
    }
}
