using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class NetworkRulesTests
{
    private static readonly FieldPath Path = FieldPath.Of("spec", "ip");

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("010.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:1.2.3.4", true)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("[::1]", false)]
    [InlineData("10.0.0", false)]
    [InlineData("10.0.0.256", false)]
    [InlineData("10.0.0.1.2", false)]
    [InlineData("+1.0.0.1", false)]
    [InlineData("", false)]
    public void ParsesWhatUpstreamParses(string text, bool isAddress) =>
        Assert.Equal(isAddress, NetworkRules.ParseSloppy(text) is not null);

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("fd00::1")]
    public void UsualFormsGetNoWarning(string text) => Assert.Empty(NetworkRules.IpWarnings(Path, text));

    [Theory]
    [InlineData("010.0.0.1", "spec.ip: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\"")]
    [InlineData("::ffff:1.2.3.4", "spec.ip: non-standard IP address \"::ffff:1.2.3.4\" will be considered invalid in a future Kubernetes release: use \"1.2.3.4\"")]
    [InlineData("FD00::1", "spec.ip: IPv6 address \"FD00::1\" should be in RFC 5952 canonical format (\"fd00::1\")")]
    public void OddFormsGetAWarning(string text, string warning) =>
        Assert.Equal([warning], NetworkRules.IpWarnings(Path, text));

    [Theory]
    [InlineData("10.0.0.1/8", "spec.ip: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)")]
    [InlineData("010.0.0.0/8", "spec.ip: non-standard CIDR value \"010.0.0.0/8\" will be considered invalid in a future Kubernetes release: use \"10.0.0.0/8\"")]
    [InlineData(
        "FD00::/64", "spec.ip: IPv6 CIDR value \"FD00::/64\" should be in RFC 5952 canonical format (\"fd00::/64\")")]
    public void OddNetworksGetAWarning(string text, string warning) =>
        Assert.Equal([warning], NetworkRules.CidrWarnings(Path, text));

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3/8,fd00::1/64", "10.0.0.0/8 fd00::/64")]
    [InlineData("fd00::/64,10.0.0.0/8", "fd00::/64 10.0.0.0/8")]
    [InlineData("10.0.0.0/8,", null)]
    [InlineData("10.0.0.0/8,10.0.0.0", null)]
    [InlineData("10.0.0.0/33", null)]
    [InlineData("", null)]
    public void AListOfNetworksIsReadAsAWhole(string text, string? expected) => Assert.Equal(
        expected, NetworkRules.NetworksOf(text) is { } networks ? string.Join(' ', networks) : null);

    [Fact]
    public void NoTextBreaksTheParsers() => Gen.Char["0129.:/abf%[]+- "].Array[0, 20].Select(c => new string(c)).Check(text =>
    {
        _ = NetworkRules.IpWarnings(Path, text).Count();
        _ = NetworkRules.CidrWarnings(Path, text).Count();
        _ = NetworkRules.NetworksOf(text);
        NetworkRules.ValidateNonSpecial(Path, text, new FieldErrors());
    });
}
