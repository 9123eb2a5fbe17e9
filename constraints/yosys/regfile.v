// Register files of four words and more, with one clocked write port and unclocked read ports.
//
// Read: one select line a word and an AND-OR tree, so that only the words that the address leaves
// and reaches move; a tree of multiplexers, Yosys's own way, moves at every level. Write: the data
// goes to the flip-flops of four words only (eight, where words are narrow), those of the word that
// is written, and the clock to the gates of eight; the others hold their data at zero, and their
// clock gates rest.
(* techmap_celltype = "$mem_v2" *)
module kiln_register_file (RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA,
                           WR_CLK, WR_EN, WR_ADDR, WR_DATA);
  parameter MEMID = "";
  parameter SIZE = 4, OFFSET = 0, ABITS = 2, WIDTH = 8;
  parameter INIT = 1'bx;
  parameter RD_PORTS = 1, RD_CLK_ENABLE = 0, RD_CLK_POLARITY = 0, RD_TRANSPARENCY_MASK = 0;
  parameter RD_COLLISION_X_MASK = 0, RD_WIDE_CONTINUATION = 0, RD_CE_OVER_SRST = 0;
  parameter RD_ARST_VALUE = 0, RD_SRST_VALUE = 0, RD_INIT_VALUE = 0;
  parameter WR_PORTS = 1, WR_CLK_ENABLE = 1, WR_CLK_POLARITY = 1, WR_PRIORITY_MASK = 0;
  parameter WR_WIDE_CONTINUATION = 0;
  parameter _TECHMAP_BITS_CONNMAP_ = 0;
  parameter [_TECHMAP_BITS_CONNMAP_ * WIDTH - 1:0] _TECHMAP_CONNMAP_WR_EN_ = 0;

  input [RD_PORTS-1:0] RD_CLK, RD_EN, RD_ARST, RD_SRST;
  input [RD_PORTS*ABITS-1:0] RD_ADDR;
  output [RD_PORTS*WIDTH-1:0] RD_DATA;
  input [WR_PORTS-1:0] WR_CLK;
  input [WR_PORTS*WIDTH-1:0] WR_EN;
  input [WR_PORTS*ABITS-1:0] WR_ADDR;
  input [WR_PORTS*WIDTH-1:0] WR_DATA;

  localparam GROUP = 8, BANK = WIDTH < 32 ? 8 : 4;
  localparam GROUPS = (SIZE + GROUP - 1) / GROUP, BANKS = (SIZE + BANK - 1) / BANK;
  localparam WHOLE_WORDS = _TECHMAP_CONNMAP_WR_EN_
    == {WIDTH{_TECHMAP_CONNMAP_WR_EN_[_TECHMAP_BITS_CONNMAP_-1:0]}};
  localparam FAIL = WR_PORTS != 1 || RD_CLK_ENABLE != 0 || WR_CLK_ENABLE != 1
    || WR_CLK_POLARITY != 1 || SIZE < 4 || OFFSET != 0 || !WHOLE_WORDS;
  wire _TECHMAP_FAIL_ = FAIL;

  wire [SIZE*WIDTH-1:0] words;
  genvar group, bank, word, port;
  generate
    for (group = 0; group < GROUPS; group = group + 1) begin : groups
      wire clock;
      kiln_clock_gate gate (
        .clk(WR_CLK[0]), .en(WR_EN[0] && WR_ADDR / GROUP == group), .gated(clock)
      );
    end
    for (bank = 0; bank < BANKS; bank = bank + 1) begin : banks
      wire mine = WR_EN[0] && WR_ADDR / BANK == bank;
      (* keep *) wire [WIDTH-1:0] data = {WIDTH{mine}} & WR_DATA;
      for (word = BANK * bank; word < SIZE && word < BANK * (bank + 1); word = word + 1) begin : w
        reg [WIDTH-1:0] held;
        always @(posedge groups[word / GROUP].clock)
          if (WR_ADDR % GROUP == word % GROUP)
            held <= data;
        assign words[WIDTH*word +: WIDTH] = held;
      end
    end
    for (port = 0; port < RD_PORTS; port = port + 1) begin : ports
      wire [ABITS-1:0] address = RD_ADDR[ABITS*port +: ABITS];
      wire [SIZE-1:0] chosen;
      for (word = 0; word < SIZE; word = word + 1) begin : w
        assign chosen[word] = address == word;
      end
      reg [WIDTH-1:0] sum;
      integer k;
      always @* begin
        sum = 0;
        for (k = 0; k < SIZE; k = k + 1)
          sum = sum | ({WIDTH{chosen[k]}} & words[WIDTH*k +: WIDTH]);
      end
      assign RD_DATA[WIDTH*port +: WIDTH] = sum;
    end
  endgenerate
endmodule
