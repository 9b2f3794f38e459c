"""What things look like: flat shapes on a square of 100 by 100, drawn one over the other; the floor is at 80.

A line is a tone, a shape and its numbers: `box x0 y0 x1 y1 radius` · `oval x0 y0 x1 y1` · `pie x0 y0 x1 y1 from to` ·
`ring x0 y0 x1 y1 width` · `arc x0 y0 x1 y1 from to width` · `poly x y x y …` · `line width x y x y …`.
Angles are degrees, clockwise from three o'clock.
"""

# What a product may be called, and what it then looks like.
SILHOUETTES = {
    "mug, cup, beaker": """
        mid ring 60 47 80 69 4.5
        deep box 27 38 69 80 6
        mid box 27 38 69 46 4
        accent box 27 60 69 64 0""",
    "cup pair": """
        mid ring 59 58 74 74 3.4
        deep box 32 54 64 80 6
        mid ring 57 32 71 47 3.2
        mid box 34 28 62 54 6
        accent box 32 64 64 67.5 0
        light box 34 38 62 41.5 0""",
    "tumbler, glass": """
        deep poly 33 34 67 34 62 80 38 80
        light box 31.5 31 68.5 36 2.5
        mid poly 35.2 54 64.8 54 63.9 62 36.1 62""",
    "carafe": """
        mid poly 44 30 56 30 57 46 66 58 66 80 34 80 34 58 43 46
        mid box 34 56 66 80 7
        deep poly 35 64 65 64 65 73 35 73
        deep box 34 66 66 80 7
        light poly 41 18 59 18 57.5 38 42.5 38
        accent box 42.5 38 57.5 41 1""",
    "pot, casserole": """
        accent ring 46 30 54 38 2.4
        mid pie 22 34 78 62 180 360
        ink box 12 52 88 56 2
        deep box 20 48 80 80 8
        deep box 20 48 80 60 0
        mid box 18 46 82 51 2.5""",
    "saucepan": """
        ink box 60 50 95 54.5 2.2
        deep box 18 46 66 80 7
        deep box 18 46 66 60 0
        mid box 16 44 68 49 2.5
        light box 25 54 29 72 2""",
    "pan": """
        ink line 6 60 34 83 15
        deep oval 16 24 72 80
        mid oval 21 29 67 75
        deep oval 25 33 63 71
        soft arc 30 38 58 66 200 255 2""",
    "kettle": """
        ink arc 33 18 67 66 180 360 4
        mid line 4.5 38 73 26 68 23 54 15 44
        mid poly 36 44 64 44 72 80 28 80
        deep poly 33 56 67 56 72 80 28 80
        accent oval 46 34.5 54 42.5
        ink box 37 41 63 46 2""",
    "teapot": """
        mid line 5.5 34 70 22 62 17 48
        mid ring 66 44 86 68 4.5
        deep oval 26 38 74 82
        deep box 40 76 60 81 2
        accent oval 45.5 30 54.5 39
        mid pie 36 37 64 53 180 360""",
    "grinder": """
        ink line 3 50 30 50 22 72 22
        accent oval 68 14 77 23
        mid pie 34 28 66 56 180 360
        deep box 34 44 66 80 4
        mid box 32 42 68 48 2.5
        light box 44 62 56 72 1.5
        accent oval 48.4 65.4 51.6 68.6""",
    "dripper": """
        light poly 27 27 73 27 56 52 44 52
        deep poly 24 32 76 32 58 56 42 56
        mid box 34 55 66 59.5 2.2
        mid ring 62 62 74 75 3
        soft box 36 59.5 64 80 5
        ink line 1.6 50 60 50 68""",
    "board": """
        deep box 43 12 57 40 7
        deep box 26 30 74 80 6
        mid box 31 36 47 47 1
        soft box 50 36 69 47 1
        soft box 31 50 41 61 1
        mid box 44 50 69 61 1
        mid box 31 64 54 75 1
        soft box 57 64 69 75 1
        accent oval 47 16 53 22""",
    "knife": """
        light poly 22 62 26 56 62 20 70 28 30 66
        soft poly 30 66 70 28 73 31 36 67
        deep line 8 68 30 82 16
        accent oval 71.7 24.2 74.3 26.8
        accent oval 76.7 19.2 79.3 21.8""",
    "petty knife": """
        light poly 18 52 24 46 62 46 62 57 28 57
        deep box 61 45.5 86 54.5 4
        accent oval 67.6 48.6 70.4 51.4
        accent oval 75.6 48.6 78.4 51.4
        mid box 59 45.5 63 57 1""",
    "lamp, desk lamp": """
        glow poly 24 44 12 80 56 80
        ink line 2.8 60 77 70 50 40 32
        accent oval 67 47 73 53
        deep poly 28 22 44 30 32 52 14 41
        mid oval 38 24 48 34
        deep box 46 75 76 80 2.5""",
    "table lamp": """
        glow oval 18 16 82 72
        deep box 44 44 56 80 2
        deep box 34 75 66 80 2.5
        light pie 25 22 75 80 180 360
        accent box 44 51 56 53.5 0""",
    "floor lamp": """
        glow poly 24 36 52 36 62 80 10 80
        ink line 2.4 68 79 68 34 64 20 54 12 44 12 38 18
        deep poly 31 17 45 17 53 37 23 37
        mid box 22 35.5 54 39 1.6
        deep box 56 76 80 80 2""",
    "pendant, pendant lamp": """
        ink line 1.6 50 0 50 26
        glow poly 24 54 76 54 88 80 12 80
        accent box 46 22 54 30 2
        deep pie 22 26 78 82 180 360
        mid box 20 52 80 57 2.5
        light pie 42 50 58 64 0 180""",
    "moon pendant": """
        ink line 1.4 50 0 50 20
        glow oval 18 12 82 76
        light oval 25 19 75 69
        soft arc 25 31 75 57 0 180 1
        soft arc 25 40 75 62 20 160 1
        soft arc 25 22 75 46 0 180 1
        accent box 46 16.5 54 20.5 1.5""",
    "chair": """
        deep line 3.4 34 18 33 52
        deep line 3.4 66 18 67 52
        mid line 2 42 20 41.5 52
        mid line 2 50 20 50 52
        mid line 2 58 20 58.5 52
        deep box 30 15 70 22 3.2
        deep line 3.4 32 54 28 79
        deep line 3.4 68 54 72 79
        mid line 2 30.5 68 69.5 68
        accent box 28 50 72 56.5 3""",
    "lounge chair, armchair, sofa": """
        ink line 3.4 26 64 20 79
        ink line 3.4 72 64 80 79
        deep line 13 25 30 36 58
        mid line 12 38 60 70 56
        accent line 7 28 26 31 34
        ink line 3.4 27 50 72 46 76 62""",
    "stool": """
        ink line 3.6 35 48 28 79
        ink line 3.6 65 48 72 79
        mid line 3.6 50 48 50 79
        mid line 2.2 32 66 68 66
        deep box 24 42 76 51 4.5""",
    "table": """
        ink line 3.4 22 46 14 79
        ink line 3.4 20 46 28 79
        ink line 3.4 78 46 86 79
        ink line 3.4 80 46 72 79
        mid box 20 58 80 61 1
        deep box 6 40 94 47 2
        accent oval 44 30 58 40
        accent box 42 29 60 33 1""",
    "side table": """
        ink line 3 32 50 68 79
        mid line 3 68 50 32 79
        deep box 22 44 78 51 3
        mid box 22 40 26 46 1.5
        mid box 74 40 78 46 1.5
        accent poly 44 30 58 30 56 44 46 44""",
    "desk": """
        ink line 3.4 18 42 14 79
        ink line 3.4 82 42 86 79
        mid box 16 62 84 65 1
        deep box 10 38 90 52 2
        mid box 40 42 62 48 1
        accent oval 49.6 43.8 52.4 46.6
        light box 20 34 38 38 1
        accent box 66 22 70 38 1
        ink box 60 35 76 38 1""",
    "bookcase, shelf": """
        deep line 3 30 14 26 79
        deep line 3 70 14 74 79
        accent box 36 18 40 29 0.6
        light box 41 20 45 29 0.6
        mid box 56 21 63 29 3
        light box 34 34 38 45 0.6
        accent box 39 36 44 45 0.6
        mid box 45 33 48 45 0.6
        accent oval 57 51 66 61
        mid box 34 53 50 61 1
        light box 36 67 41 76 0.6
        mid box 42 66 46 76 0.6
        accent box 58 68 66 76 1
        deep box 27 29 73 32 0.6
        deep box 26 45 74 48 0.6
        deep box 25 61 75 64 0.6
        deep box 24 76 76 79 0.6""",
    "sideboard, cabinet": """
        ink box 16 74 20 80 1
        ink box 80 74 84 80 1
        deep box 10 46 90 75 2.5
        mid box 13 49 50 72 1
        soft box 50 49 87 72 1
        ink box 45 56 46.8 65 0.9
        ink box 53 56 54.8 65 0.9
        light poly 24 34 32 34 34 46 22 46
        accent oval 66 35 77 46""",
    "rail, hook": """
        deep box 10 28 90 36 3
        ink oval 18 30 24 36
        ink oval 38 30 44 36
        ink oval 58 30 64 36
        ink oval 78 30 84 36
        accent poly 61 33 73 44 73 72 49 72 49 44
        ink line 1.6 21 33 16 48 26 48 21 33
        mid box 13 47 29 66 3""",
    "cushion, pillow": """
        deep poly 22 30 50 34 78 30 75 54 78 76 50 73 22 76 25 54
        deep line 8 22 30 50 34 78 30 75 54 78 76 50 73 22 76 25 54 22 30
        mid line 1.6 26 34 50 37.5 74 34 71.5 54 74 72 50 69 26 72 28.5 54 26 34
        soft line 3 38 55 50 43 62 55 50 67 38 55
        accent oval 46.5 51.5 53.5 58.5""",
    "blanket, throw": """
        deep box 20 60 80 80 5
        mid box 20 42 80 62 5
        soft box 20 26 80 44 5
        accent box 20 32 80 35 0
        accent box 20 50 80 53 0
        accent box 20 68 80 71 0""",
    "towel": """
        ink box 14 20 86 23.5 1.7
        mid box 30 18 62 74 2
        deep box 38 18 70 66 2
        accent box 38 54 70 57 0
        accent box 38 59 70 60.5 0""",
    "cloth, napkin": """
        ink box 12 19 88 22.5 1.7
        deep box 17 21 36 66 1.5
        light box 40.5 21 59.5 70 1.5
        mid box 64 21 83 62 1.5
        accent box 17 56 36 59 0
        accent box 40.5 60 59.5 63 0
        accent box 40.5 65 59.5 66.5 0
        soft box 64 30 83 32 0
        soft box 64 38 83 40 0
        soft box 64 46 83 48 0
        soft box 64 54 83 56 0""",
    "plant, plant pot, planter": """
        ink line 1.8 50 56 50 22
        mid line 9 46 46 30 34
        mid line 9 54 40 70 26
        deep line 10 54 50 73 44
        deep line 10 47 34 34 18
        deep line 10 50 28 53 12
        accent poly 30 54 70 54 65 80 35 80
        ink box 28 51 72 58 2.5""",
    "vase": """
        mid line 1.6 50 46 51 30 56 16
        accent oval 49 8 63 22
        light oval 53 12 59 18
        mid pie 50 22 68 38 150 235
        deep box 46 40 54 58 1
        deep oval 34 50 66 82
        soft arc 38 54 62 78 140 200 2
        mid box 44 38 56 42 2""",
    "watering can": """
        mid line 4 58 72 76 54 88 32
        ink poly 83 31 92 27 94 32 86 36
        ink arc 16 34 56 78 120 300 3.6
        deep poly 30 46 60 46 64 80 26 80
        mid box 28 43 62 49 2.5
        accent box 27.4 66 62.4 69.5 0""",
    "notebook, book": """
        light box 33 25 77 79 2
        soft box 31 23 75 78 2
        deep box 26 22 72 80 3
        mid box 26 22 34 80 3
        light box 42 34 64 45 1.5
        ink box 45 38.5 61 40.5 1
        accent box 65 22 68 80 0""",
    "pocket notebook": """
        mid poly 52 26 82 34 70 78 40 70
        soft box 36 26 68 76 2.5
        deep box 20 30 52 80 2.5
        light box 26 40 46 48 1.2
        accent box 20 64 52 67 0""",
    "pen": """
        deep line 7 76 22 42 58
        mid line 7 52 47.4 42 58
        accent poly 39.2 55.8 44.8 60.8 32 70
        ink line 1.2 33 69 30.5 71.5
        accent line 2 79 25 71 34
        soft line 1.6 18 78 26 74 34 78 42 75 50 78""",
    "pencil": """
        deep box 28 36 34.5 80 0
        mid box 36.5 30 43 80 0
        accent box 45 38 51.5 80 0
        deep box 53.5 28 60 80 0
        mid box 62 34 68.5 80 0
        light poly 28 36 34.5 36 31.2 27
        light poly 36.5 30 43 30 39.7 21
        light poly 45 38 51.5 38 48.2 29
        light poly 53.5 28 60 28 56.7 19
        light poly 62 34 68.5 34 65.2 25
        soft box 25 54 71.5 70 1.5""",
    "pencil cup": """
        accent line 3.4 42 54 36 24
        mid line 3.4 50 54 51 18
        ink line 3.4 58 54 65 28
        light line 3.4 62 54 74 36
        deep poly 34 44 66 44 70 80 30 80
        mid box 32 42 68 47 2.5""",
    "tray": """
        light poly 24 56 74 56 78 62 20 62
        mid box 14 58 86 68 2
        ink box 40 60 60 63 1.5
        light poly 24 68 74 68 78 72 20 72
        deep box 14 70 86 80 2
        ink box 40 72 60 75 1.5""",
    "headphones": """
        deep arc 24 22 76 76 180 360 5.5
        deep line 5.5 26.7 49 26.7 58
        deep line 5.5 73.3 49 73.3 58
        accent box 27 48 39 76 5.5
        accent box 61 48 73 76 5.5
        ink box 21.5 50 30 74 4
        ink box 70 50 78.5 74 4""",
    "speaker": """
        deep box 28 22 72 80 4
        soft box 32 26 68 66 2.5
        mid oval 37 33 63 59
        deep oval 43 39 57 53
        accent oval 46 68.5 54 76.5""",
    "clock": """
        ink line 4 38 74 35 79
        ink line 4 62 74 65 79
        deep oval 24 24 76 76
        light oval 30 30 70 70
        ink line 2.2 50 50 50 37
        ink line 2.2 50 50 59 55
        accent oval 47.8 47.8 52.2 52.2
        mid box 49.2 32 50.8 35 0.5
        mid box 49.2 65 50.8 68 0.5
        mid box 32 49.2 35 50.8 0.5
        mid box 65 49.2 68 50.8 0.5""",
    "backpack, rucksack": """
        ink arc 41 12 59 32 180 360 2.8
        mid box 22 46 30 72 4
        mid box 70 46 78 72 4
        deep box 28 28 72 80 8
        mid box 30 20 70 32 4
        ink box 45 28 55 42 1.4
        soft box 34 54 66 74 4
        deep box 34 60 66 62 0
        accent box 46.5 39 53.5 43 1.2""",
    "bag, tote": """
        ink arc 35 16 65 66 180 360 3
        deep poly 22 38 78 38 74 80 26 80
        mid poly 22 38 78 38 76.9 50 23.1 50
        accent box 44 58 56 66 1.2""",
    "duffel, duffel bag": """
        ink arc 34 26 66 70 180 360 3.2
        deep box 12 44 88 80 14
        mid box 12 44 30 80 12
        mid box 70 44 88 80 12
        ink box 34 44 37.5 80 0
        ink box 62.5 44 66 80 0
        accent box 30 49 70 51.4 1""",
    "bottle": """
        ink box 42 14 58 25 3
        mid box 44 24 56 32 0
        deep box 36 30 64 80 9
        deep box 36 60 64 80 4
        accent box 36 48 64 53 0
        soft box 41 38 44 46 1.5""",
    "tent": """
        ink line 1.4 50 26 8 79
        ink line 1.4 50 26 92 79
        deep poly 50 26 84 80 16 80
        mid poly 50 26 84 80 62 80
        light poly 50 40 62 80 38 80
        ink line 1.2 50 40 50 79
        accent poly 50 26 50 17 61 21.5""",
    "hammock": """
        ink line 4 14 16 14 79
        ink line 4 86 16 86 79
        ink line 1.3 14 30 26 44
        ink line 1.3 14 30 24 50
        ink line 1.3 86 30 74 44
        ink line 1.3 86 30 76 50
        deep pie 22 18 78 70 0 180
        mid pie 28 24 72 64 0 180
        deep pie 33 29 67 59 0 180
        accent pie 38 34 62 54 0 180
        ink line 2.2 22 44 78 44""",
    "lantern": """
        ink arc 32 10 68 58 180 360 2.4
        glow oval 18 24 82 84
        deep box 42 24 58 32 2
        deep poly 36 36 64 36 60 30 40 30
        light box 36 36 64 66 7
        accent oval 44 42 56 60
        ink box 34 34 66 38 1.6
        ink box 34 64 66 68 1.6
        deep poly 36 68 64 68 69 80 31 80""",
    "bicycle, bike": """
        ink ring 10 48 42 80 2.6
        ink ring 58 48 90 80 2.6
        deep line 2.8 26 64 40 40 64 40 46 64 26 64
        deep line 2.8 46 64 37 34
        deep line 2.8 74 64 62 32
        ink line 2.6 58 33 62 31 69 31 71 35
        accent line 4 31 33 42 33
        accent ring 42 60 50 68 2
        mid oval 24 62 28 66
        mid oval 72 62 76 66""",
    "gravel bicycle": """
        ink ring 9 47 42 80 3.6
        ink ring 58 47 91 80 3.6
        deep line 2.8 25 64 40 38 66 42 46 64 25 64
        deep line 2.8 46 64 38 31
        deep line 2.8 75 64 65 36
        ink arc 62 33 78 46 250 450 2.4
        ink line 2.4 64 34 69 33
        accent line 4 32 30 43 30
        accent ring 42 60 50 68 2
        accent poly 46 41 62 43 50 56""",
    "helmet": """
        deep pie 18 22 82 92 180 360
        mid poly 48.5 22.5 51.5 22.5 52.4 56 47.6 56
        ink box 29 40 34 52 2.5
        ink box 38 34 43 50 2.5
        ink box 57 34 62 50 2.5
        ink box 66 40 71 52 2.5
        accent box 14 54 86 59.5 2.5
        ink line 1.8 32 60 46 76
        ink line 1.8 68 60 52 76
        ink box 44 74 54 79 1.5""",
    "bell": """
        ink box 12 70 88 75 2.5
        ink box 43 64 57 78 3
        mid box 46 56 54 66 0
        deep pie 24 24 76 84 180 360
        mid box 22 52 78 56.5 2.2
        accent oval 46 18 54 26
        ink line 3 74 60 86 58
        soft arc 31 31 69 77 200 245 2.4""",
    "lock": """
        deep line 6 26 70 26 44 38 28 60 28 74 44 74 70
        mid line 6 38 28 60 28
        mid line 6 26 70 26 44
        accent oval 35.8 25.8 40.2 30.2
        accent oval 57.8 25.8 62.2 30.2
        accent oval 23.8 41.8 28.2 46.2
        accent oval 71.8 41.8 76.2 46.2
        ink box 20 64 80 80 5
        accent oval 46.8 68 53.2 74.4
        accent box 48.9 72 51.1 77 0.5""",
    "shirt, tee, top, blouse": """
        deep poly 36 24 64 24 86 38 78 52 69 46 69 78 31 78 31 46 22 52 14 38
        mid pie 40 16 60 34 0 180
        light pie 43 17 57 30 0 180
        mid box 31 75 69 78 0
        accent box 57 42 64 50 1""",
    "sweater, jumper, pullover": """
        deep poly 36 24 64 24 80 34 90 72 79 75 69 46 69 74 31 74 31 46 21 75 10 72 20 34
        mid poly 90 72 79 75 77.6 69 88.4 66
        mid poly 10 72 21 75 22.4 69 11.6 66
        mid box 31 72 69 79 1.5
        soft box 40 20 60 28 3.5
        accent poly 32 44 68 44 68 48 32 48
        soft poly 32 40 68 40 68 42 32 42
        soft poly 32 50 68 50 68 52 32 52""",
    "jacket, coat": """
        deep poly 36 24 64 24 80 33 88 70 77 73 69 46 71 80 29 80 31 46 23 73 12 70 20 33
        mid pie 36 10 64 38 150 390
        ink pie 41 16 59 36 150 390
        light box 49.2 32 50.8 80 0
        accent box 34 58 44 61 1
        accent box 56 58 66 61 1
        ink oval 51.5 42 54 44.5
        ink oval 51.5 51 54 53.5""",
    "apron": """
        ink line 2.2 38 34 50 12 62 34
        deep poly 38 30 62 30 64 46 76 50 74 80 26 80 24 50 36 46
        ink line 1.8 24 51 14 62
        ink line 1.8 76 51 86 62
        mid box 34 56 66 72 2
        deep box 49.3 56 50.7 72 0
        accent box 45 35 55 41 1""",
    "beanie, hat": """
        accent oval 44 17 56 29
        deep pie 24 24 76 96 180 360
        mid box 20 58 80 78 6
        deep box 30 60 31.6 76 0.8
        deep box 40 60 41.6 76 0.8
        deep box 49.2 60 50.8 76 0.8
        deep box 58.4 60 60 76 0.8
        deep box 68.4 60 70 76 0.8""",
    "socks": """
        mid line 15 62 26 62 64 80 70
        soft box 53.5 18 70.5 28 2
        deep line 15 40 26 40 62 24 70
        accent box 31.5 18 48.5 28 2
        accent box 32.5 40 47.5 43 0
        accent box 32.5 46 47.5 49 0""",
    "calendar": """
        light box 26 24 74 80 2
        deep box 26 24 74 42 2
        ink line 2.2 38 20 38 28
        ink line 2.2 62 20 62 28
        soft box 33 48 39 54 1
        soft box 42.5 48 48.5 54 1
        soft box 52 48 58 54 1
        soft box 61.5 48 67.5 54 1
        soft box 33 58 39 64 1
        accent box 42.5 58 48.5 64 1
        soft box 52 58 58 64 1
        soft box 61.5 58 67.5 64 1
        soft box 33 68 39 74 1
        soft box 42.5 68 48.5 74 1""",
    "box": """
        ink arc 38 28 62 56 180 360 3
        deep box 20 42 80 80 6
        mid box 20 42 80 56 5
        accent box 44 52 56 61 1.6""",
}

# For a thing of which there is no silhouette: calm forms that balance, one set chosen by its slug.
COMPOSITIONS = [
    """
        deep box 24 40 52 80 2
        accent oval 50 54 76 80
        mid pie 38 14 66 42 180 360
        mid box 38 28 66 40 0""",
    """
        mid poly 20 80 44 36 68 80
        deep oval 46 44 82 80
        accent oval 36 18 54 36""",
    """
        deep box 22 58 78 80 3
        mid pie 30 36 70 80 180 360
        accent oval 43 20 57 34""",
    """
        deep pie 22 32 70 80 90 270
        mid box 46 32 60 80 0
        accent pie 44 44 80 80 270 450""",
]
