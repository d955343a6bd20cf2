using System.Globalization;
using System.Numerics;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Amounts: a few known forms, and a plain model of the grammar over arbitrary ones.</summary>
public sealed class QuantityTests
{
    private static readonly (string Suffix, BigInteger Nano)[] Suffixes =
    [
        ("n", 1), ("u", 1000), ("m", 1_000_000), ("", Unit), ("k", Unit * 1000), ("M", Unit * 1_000_000), ("G", Unit * 1_000_000_000),
        ("Ki", Unit << 10), ("Mi", Unit << 20), ("Gi", Unit << 30), ("e3", Unit * 1000), ("E-3", Unit / 1000),
        ("P", Unit * BigInteger.Pow(10, 15)), ("E", Unit * BigInteger.Pow(10, 18)), ("Pi", Unit << 50),
        ("Ei", Unit << 60),
        ("e27", Unit * BigInteger.Pow(10, 27)), ("e30", Unit * BigInteger.Pow(10, 30)),
        ("E300", Unit * BigInteger.Pow(10, 300)),
    ];

    private static readonly Gen<(string Text, BigInteger Nano)> Amounts = Gen.Select(
        Gen.Int[0, 2].Select(i => new[] { "", "+", "-" }[i]), Gen.Int[0, 99_999], Gen.Int[0, 999], Gen.Bool,
        Gen.Int[0, Suffixes.Length - 1].Select(i => Suffixes[i]), Spell);

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
    [InlineData("Pi")]
    [InlineData("-.E-12")]
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
        Amounts.Check(a => Assert.Equal(a.Nano, Nano(Quantity.Parse(a.Text))));

    [Fact]
    public void WritingKeepsTheAmountAndSettles() => Amounts.Check(a =>
    {
        var quantity = Quantity.Parse(a.Text);
        if (!IsBeyondSuffixes(quantity))
        {
            var again = Quantity.Parse(quantity.ToString());
            Assert.Equal(quantity, again);
            Assert.Equal(quantity.ToString(), again.ToString());
        }
    });

    [Fact]
    public void ComparesAndAddsLikeNumbers() => Gen.Select(Amounts, Amounts).Check((left, right) =>
    {
        var (a, b) = (Quantity.Parse(left.Text), Quantity.Parse(right.Text));
        Assert.Equal(left.Nano.CompareTo(right.Nano), a.CompareTo(b));
        Assert.Equal(left.Nano == right.Nano, a == b);
        Assert.Equal(left.Nano == right.Nano, a == b && a.GetHashCode() == b.GetHashCode());
        Assert.Equal(left.Nano + right.Nano, Nano(a + b));
        Assert.Equal(left.Nano - right.Nano, Nano(a - b));
    });

    [Fact]
    public void RoundsAwayFromZero() => Amounts.Check(a =>
    {
        var quantity = Quantity.Parse(a.Text);
        Assert.Equal(Capped(Away(a.Nano, Unit)), quantity.Value);
        Assert.Equal(Capped(Away(a.Nano, Unit / 1000)), quantity.MilliValue);
        Assert.Equal((a.Nano % Unit).IsZero, quantity.IsInteger);
    });

    [Fact]
    public void SurvivesNoise() => Gen.Char["0123456789.+-eEinumkKMGTP x"].Array[0, 12].Select(c => new string(c)).Check(text =>
    {
        if (Quantity.TryParse(text, out var quantity) && !IsBeyondSuffixes(quantity))
        {
            Assert.Equal(quantity, Quantity.Parse(quantity.ToString()));
        }
    });

    /// <summary>
    /// What real clients answer, to the letter: beyond exa there is no suffix, and upstream leaves it out.
    /// </summary>
    [Theory]
    [InlineData("170000000000000000000000000000", "170")]
    [InlineData("1.8e29", "180e27")]
    [InlineData("100000000000000000000", "100E")]
    [InlineData("2000E", "2")]
    [InlineData("8Ei", "9223372036854775807")]
    [InlineData("99999999999999999999Ki", "9223372036854775807")]
    [InlineData("-1.7e29", "-170e27")]
    [InlineData("170141183460469231731687303715884105728n", "170141183460469231731687303715884105728n")]
    [InlineData("1e1000", "10e999")]
    [InlineData("1e-1000000000", "1e-9")]
    [InlineData("+123456789012345678", "+123456789012345678")]
    [InlineData("+1234567890123456789", "1234567890123456789")]
    [InlineData("1.5E", "1500P")]
    public void AmountsOfAnySizeAreWrittenAsUpstreamWritesThem(string text, string written) =>
        Assert.Equal(written, Quantity.Parse(text).ToString());

    [Fact]
    public void PowersBeyondReasonAreComparedAndAddedAtOnce()
    {
        var (huge, more) = (Quantity.Parse("1e2000000000"), Quantity.Parse("11e1999999999"));
        Assert.True(
            huge < more && huge > Quantity.Parse("9e1999999999") && Quantity.Parse("-1e2000000000") < Quantity.Zero);
        Assert.Equal(huge, huge + Quantity.Parse("1"));
        Assert.Equal((long.MaxValue, long.MaxValue), (huge.Value, huge.MilliValue));
    }

    [Fact]
    public void AddingNeverTurnsTheSign()
    {
        var sum = Quantity.Parse("1");
        for (var i = 0; i < 200; i++)
        {
            sum += sum;
        }

        Assert.Equal(BigInteger.Pow(2, 200) * Unit, Nano(sum));
        Assert.Equal(BigInteger.Zero, Nano(sum - sum));
    }

    private static BigInteger Nano(Quantity quantity) =>
        quantity.Exact.Digits * BigInteger.Pow(10, quantity.Exact.Exponent);

    private static BigInteger Capped(BigInteger value) =>
        BigInteger.Max(long.MinValue, BigInteger.Min(long.MaxValue, value));

    /// <summary>Upstream writes these so that they read as something else.</summary>
    private static bool IsBeyondSuffixes(Quantity quantity) =>
        quantity.Format == QuantityFormat.DecimalSI && BigInteger.Abs(Nano(quantity)) >= Unit * BigInteger.Pow(10, 21);

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
        nano = suffix.Suffix.EndsWith('i') ? BigInteger.Min(nano, long.MaxValue * Unit) : nano;
        return (sign + number + suffix.Suffix, sign == "-" ? -nano : nano);
    }

    /// <summary>Many nines and one are a one with as many zeros.</summary>
    [Fact]
    public void TheSumOfManyNinesIsAPower()
    {
        Assert.True(Quantity.TryParse(new string('9', 10_000), out var nines, out _));
        Assert.True(Quantity.TryParse("1", out var one, out _));
        Assert.True(Quantity.TryParse("1e10000", out var power, out _));
        Assert.Equal(power, nines + one);
    }

    /// <summary>What takes the square of its digits' number is kept from those who have time for it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("Ki")]
    [InlineData("e3")]
    public void MoreThanTenThousandDigitsAreNoAmount(string suffix)
    {
        var text = new string('9', 10_001 - suffix.Length) + suffix;
        Assert.False(Quantity.TryParse(text, out _, out var error));
        Assert.StartsWith("quantities must match the regular expression", error, StringComparison.Ordinal);
        Assert.True(Quantity.TryParse(text[1..], out _, out _));
    }

    /// <summary>
    /// A sum takes the first one's form; for a power of two a billion digits would have to be written.
    /// </summary>
    [Theory]
    [InlineData("1Gi", "1e1000000000", "10e999999999")]
    [InlineData("1Gi", "-3e999999999", "-3e999999999")]
    public void AHugeSumIsWrittenAsAPower(string left, string right, string expected)
    {
        var sum = Quantity.Parse(left) + Quantity.Parse(right);
        Assert.Equal(expected, sum.ToString());
        Assert.Equal(sum, Quantity.Parse(expected));
    }
}
