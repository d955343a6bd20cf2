using System.Globalization;
using System.Numerics;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Amounts: a few known forms, and a plain model of the grammar over arbitrary ones.</summary>
public sealed class QuantityTests
{
    private static readonly (string Suffix, BigInteger Nano)[] Suffixes =
    [
        ("n", 1), ("u", 1000), ("m", 1_000_000), ("", Unit), ("k", Unit * 1000), ("M", Unit * 1_000_000), ("G", Unit * 1_000_000_000),
        ("Ki", Unit << 10), ("Mi", Unit << 20), ("Gi", Unit << 30), ("e3", Unit * 1000), ("E-3", Unit / 1000),
    ];

    private static readonly Gen<(string Text, BigInteger Nano)> Amounts = Gen.Select(
        Gen.Int[0, 2].Select(i => new[] { "", "+", "-" }[i]), Gen.Int[0, 99_999], Gen.Int[0, 999], Gen.Bool, Gen.Int[0, 11].Select(i => Suffixes[i]), Spell);

    private static BigInteger Unit => 1_000_000_000;

    [Theory]
    [InlineData("0", "0")]
    [InlineData("1000m", "1")]
    [InlineData("1.500", "1.500")]
    [InlineData("1.5", "1500m")]
    [InlineData("0.5Gi", "512Mi")]
    [InlineData("1Gi", "1Gi")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1025Ki", "1025Ki")]
    [InlineData("0.5Ki", "512")]
    [InlineData("100", "100")]
    [InlineData("100000", "100k")]
    [InlineData("1e3", "1e3")]
    [InlineData("12e5", "1200e3")]
    [InlineData("-1", "-1")]
    [InlineData("-1500m", "-1500m")]
    [InlineData("+2", "+2")]
    [InlineData("0.1n", "1n")]
    [InlineData(".5", "500m")]
    [InlineData("5.", "5.")]
    public void IsWrittenAsUpstreamWritesIt(string text, string written) =>
        Assert.Equal(written, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1.1.M")]
    [InlineData("1+1.0M")]
    [InlineData("0.1mi")]
    [InlineData("0.1am")]
    [InlineData("aoeu")]
    [InlineData(".5i")]
    [InlineData("1i")]
    [InlineData("-3.01i")]
    [InlineData("-3.01e-")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    public void IsRefused(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Fact]
    public void MeansWhatTheModelSays() =>
        Amounts.Sample(a => Assert.Equal(a.Nano, (BigInteger)Quantity.Parse(a.Text).Nano));

    [Fact]
    public void WritingKeepsTheAmountAndSettles() => Amounts.Sample(a =>
    {
        var quantity = Quantity.Parse(a.Text);
        var again = Quantity.Parse(quantity.ToString());
        Assert.Equal(quantity, again);
        Assert.Equal(quantity.ToString(), again.ToString());
    });

    [Fact]
    public void ComparesAndAddsLikeNumbers() => Gen.Select(Amounts, Amounts).Sample((left, right) =>
    {
        var (a, b) = (Quantity.Parse(left.Text), Quantity.Parse(right.Text));
        Assert.Equal(left.Nano.CompareTo(right.Nano), a.CompareTo(b));
        Assert.Equal(left.Nano == right.Nano, a == b);
        Assert.Equal(left.Nano + right.Nano, (BigInteger)(a + b).Nano);
        Assert.Equal(left.Nano - right.Nano, (BigInteger)(a - b).Nano);
    });

    [Fact]
    public void RoundsAwayFromZero() => Amounts.Sample(a =>
    {
        var quantity = Quantity.Parse(a.Text);
        Assert.Equal(Away(a.Nano, Unit), quantity.Value);
        Assert.Equal(Away(a.Nano, Unit / 1000), quantity.MilliValue);
    });

    [Fact]
    public void SurvivesNoise() => Gen.Char["0123456789.+-eEinumkKMGTP x"].Array[0, 12].Select(c => new string(c)).Sample(text =>
    {
        if (Quantity.TryParse(text, out var quantity))
        {
            Assert.Equal(quantity, Quantity.Parse(quantity.ToString()));
        }
    });

    private static BigInteger Away(BigInteger nano, BigInteger unit) =>
        BigInteger.DivRem(nano, unit, out var rest) + (rest.IsZero ? 0 : nano.Sign);

    /// <summary>A text and its amount, rounded up to what can be kept.</summary>
    private static (string Text, BigInteger Nano) Spell(
        string sign, int whole, int thousandths, bool hasFraction, (string Suffix, BigInteger Nano) suffix)
    {
        var number = whole.ToString(CultureInfo.InvariantCulture);
        var amount = whole * 1000 * suffix.Nano;
        if (hasFraction)
        {
            number += "." + thousandths.ToString("D3", CultureInfo.InvariantCulture);
            amount += thousandths * suffix.Nano;
        }

        var nano = BigInteger.DivRem(amount, 1000, out var rest) + (rest.IsZero ? 0 : 1);
        return (sign + number + suffix.Suffix, sign == "-" ? -nano : nano);
    }
}
