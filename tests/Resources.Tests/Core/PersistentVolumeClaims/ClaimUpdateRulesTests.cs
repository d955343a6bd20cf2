using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.PersistentVolumeClaims;

public sealed class ClaimUpdateRulesTests
{
    private const string Bound = "Bound";
    private const string Pending = "Pending";

    [Theory]
    [InlineData(Pending, "\"volumeName\":\"v\"", null)]
    [InlineData(Pending, "\"storageClassName\":\"c\"", null)]
    [InlineData(Pending, "\"resources\":{\"requests\":{\"storage\":\"3Gi\"}}", "spec is immutable")]
    [InlineData(Bound, "\"resources\":{\"requests\":{\"storage\":\"3Gi\"}}", null)]
    [InlineData(Bound, "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}", "can not be less than status.capacity")]
    [InlineData(Bound, "\"accessModes\":[\"ReadOnlyMany\"]", "spec is immutable")]
    [InlineData(Bound, "\"volumeMode\":\"Block\"", "field is immutable")]
    public void AClaimIsFixedButForItsSize(string phase, string change, string? complaint)
    {
        var findings = StrategyProbe.Update("PersistentVolumeClaim", Claim(phase, ""), Claim(phase, $",{change}"));
        Assert.Equal(complaint is not null, findings.Count > 0);
        Assert.True(complaint is null || findings.Any(f => f.Contains(complaint, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("storage", "NodeResizePending", 0)]
    [InlineData("cpu", "NodeResizePending", 1)]
    [InlineData("example.com/a", "NodeResizePending", 0)]
    [InlineData("storage", "X", 1)]
    public void OnlyStorageIsResized(string resource, string status, int findings) => Assert.Equal(
        findings,
        StrategyProbe.Update(
            "PersistentVolumeClaim",
            Claim(Bound, ""),
            $"{{\"spec\":{{\"accessModes\":[\"ReadWriteOnce\"]}},\"status\":{{\"allocatedResourceStatuses\":" +
                $"{{\"{resource}\":\"{status}\"}}}}}}",
            "status").Count);

    [Fact]
    public void AStatusOfResizingThatIsUnknownIsOfTheFieldAsItIsWritten() => Assert.Equal(
        [
            "status.allocatedResourceStatuses: Unsupported value: \"storage\": supported values: " +
                "\"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", \"NodeResizeInProgress\", " +
                "\"NodeResizeInfeasible\", \"NodeResizePending\"",
        ],
        StrategyProbe.Update(
            "PersistentVolumeClaim",
            Claim(Bound, ""),
            "{\"spec\":{\"accessModes\":[\"ReadWriteOnce\"]},\"status\":{\"allocatedResourceStatuses\":" +
                "{\"storage\":\"X\"}}}",
            "status"));

    [Theory]
    [InlineData("", "\"v1\"", null)]
    [InlineData("gold", "\"v1\"", null)]
    [InlineData("", "null", null)]
    [InlineData("gold", "null", "update to nil is forbidden")]
    [InlineData("gold", "\"\"", "update to empty string is forbidden")]
    public void AttributesThatNeverCameToBeAreGivenUp(string current, string change, string? complaint)
    {
        const string Spec = "{\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":" +
            "{\"storage\":\"2Gi\"}},\"volumeAttributesClassName\":";
        var status = "},\"status\":{\"phase\":\"Bound\"" +
            (current.Length == 0 ? "" : $",\"currentVolumeAttributesClassName\":\"{current}\"") + "}}";
        var findings = StrategyProbe.Update(
            "PersistentVolumeClaim", $"{Spec}\"silver\"{status}", $"{Spec}{change}{status}");
        if (complaint is null)
        {
            Assert.Empty(findings);
        }
        else
        {
            Assert.Contains(complaint, Assert.Single(findings), StringComparison.Ordinal);
        }
    }

    /// <summary>A later field of one name wins, as in any JSON that is read.</summary>
    private static string Claim(string phase, string change) =>
        "{\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}" + change +
        $"}},\"status\":{{\"phase\":\"{phase}\",\"capacity\":{{\"storage\":\"2Gi\"}}}}}}";
}
